#include "integration/bot_fixture.h"
