// Spotlight, an independent receiver of Sentry envelopes, on 127.0.0.1. Its own command would report to its maker.
import { setupSpotlight } from "@spotlightjs/spotlight";

await setupSpotlight({ port: Number(process.argv[2]), isStandalone: true });
