#include "health_agent/agent/words.h"

#include <array>
#include <unordered_map>

namespace health_agent::agent {
namespace {

struct Words {
  WordRole role;
  std::string_view words;  // divided by single spaces
};

constexpr std::array kWords{
    Words{
        WordRole::kGlue,
        "the my his her our your their this that these those i im ive id we weve me us he she they "
        "it its you to also just only about around approximately approx roughly maybe circa ca "
        "please "
        "pls plz for as on some any more another extra then so well ok okay oh um hmm today now "
        "earlier already first second finally total each per both all plain regular normal usual "
        "typical average was were is are be been it there here too again lot lots plus "
        "followed by x times mine most rest which little bit nice good great lovely yummy "
        "tasty delicious amazing quick simple meal food foods dish dessert "
        "starter main course topping toppings side sides or whole entire full single third fourth "
        "fifth consisting "
        "including containing made contained u ur fyi btw"},
    Words{
        WordRole::kChat,
        "hi hello hey hiya yo greetings howdy thanks thank thx cheers bye goodbye welcome "
        "feeling feel felt tired hungry starving stuffed happy sad sick ill stressed busy "
        "bored glad sorry day days week weeks month months year years hour hours minute minutes "
        "min mins seconds old age name called time times work working worked job home "
        "gym run ran running walk walked walking workout exercise exercised training trained swim "
        "swam cycling cycled bike km kilometers kilometres mile miles meter meters steps step "
        "sleep slept weight weigh weighed lose lost losing gain gained gaining diet dieting goal "
        "goals calories calorie kcal cal cals kilojoule kilojoules kj macros macro protein "
        "proteins carbs carb "
        "carbohydrate carbohydrates fat fats fiber fibre sugars vitamin vitamins calcium iron "
        "nutrition nutrients nutritional help helps youre yours do does did done doing am pm "
        "oclock think thought know knew guess believe mean means say said tell told ask asked talk "
        "chat explain show give gave get got getting go going went come came see saw look looks "
        "looking like likes liked love loves loved hate hates enjoy enjoyed need needs needed make "
        "makes making try tried trying start started stop stopped keep kept use used using buy "
        "bought cook order ordered ordering really very much many quite pretty still "
        "always sometimes often usually again yes yeah yep yup nope sure right wrong "
        "true test testing question questions answer weather joke story friend friends family mom "
        "mum dad wife husband kids kid child son daughter boss doctor coach people person someone "
        "everybody everyone something anything nothing everything thing things stuff way ways "
        "life world money news phone app computer code number numbers percent summary "
        "status progress report history healthy unhealthy health best better worse worst bad "
        "awful awesome cool fun fine alright enough less long short new next last previous "
        "remember forgot forget remind left over under remaining remain budget limit usd dollars "
        "dollar euro euros bucks room table tables place street city allergic allergy "
        "vegan vegetarian pescatarian keto fasting fast fasted carnivore train bus plane car couch "
        "sofa park beach office desk restaurant cafe hotel cinema "
        "bed party go potassium magnesium zinc sodium cholesterol delete remove undo cancel change "
        "edit correct entry entries"},
    Words{WordRole::kAside,
          "at in from because since after before while during until till when where who why if "
          "although though into onto near via between through despite unless whether"},
    Words{
        WordRole::kDescribes,
        "grilled fried boiled baked roasted roast steamed raw fresh frozen cooked uncooked hot "
        "cold "
        "warm iced chilled homemade organic low high lean light lite dark thick "
        "thin crispy crunchy soft hard sweet savory savoury spicy salted unsalted sweetened "
        "unsweetened buttered toasted scrambled poached sauteed stir deep pan smoked dried canned "
        "tinned sliced diced chopped minced shredded grated mashed pureed whipped melted skinless "
        "boneless free range cage reduced natural pure real ripe green red yellow white black "
        "brown heaped heaping level generous leftover leftovers vanilla cinnamon garlicky lemony "
        "creamy traditional classic italian french greek mexican chinese thai indian japanese "
        "korean american english turkish vietnamese spanish german lebanese gluten dairy lactose "
        "decaffeinated skinny rare glazed marinated seasoned "
        "breaded battered barbecued bbq pickled fermented wholegrain wholewheat wholemeal plain "
        "farm local store shop takeaway takeout fluffy juicy tender "
        "semi skimmed flavored flavoured style"},
    Words{WordRole::kAnd, "and n und et"},
    Words{WordRole::kWith, "with w topped alongside"},
    Words{WordRole::kBut, "but however except"},
    Words{WordRole::kOf, "of"},
    Words{
        WordRole::kEat,
        "had ate eaten drank drunk consumed finished grabbed devoured munched snacked nibbled "
        "sipped swallowed gobbled enjoyed log logged logging add added adding track tracked record "
        "recorded note enter put save saved"},
    Words{WordRole::kEating, "have having eat eats eating drink drinks drinking consume"},
    Words{WordRole::kWish,
          "want wants wanted wanna craving crave wish hope hoping might could would should shall "
          "planning plan plans tomorrow later recipe recipes recommend suggest suggestion "
          "suggestions consider considering tempted dreaming will gonna"},
    Words{WordRole::kAsk, "how what whats hows"},
    Words{WordRole::kNegate,
          "no not without didnt dont doesnt havent hasnt hadnt wasnt isnt never skip skipped "
          "skipping "
          "minus instead avoid avoided avoiding hold cant couldnt wont"},
    Words{WordRole::kSmall, "small smallish"},
    Words{WordRole::kMedium, "medium sized size"},
    Words{WordRole::kLarge, "large big xl larger"},
    Words{WordRole::kHuge, "huge giant enormous massive jumbo gigantic"},
    Words{WordRole::kTiny, "tiny mini"},
    Words{WordRole::kBreakfast, "breakfast breakfasts brekkie brekky"},
    Words{WordRole::kLunch, "lunch lunches lunchtime brunch luncheon"},
    Words{WordRole::kDinner, "dinner dinners supper suppers dinnertime"},
    Words{WordRole::kSnack, "snack snacks snacking elevenses"},
    Words{WordRole::kMorning, "morning"},
    Words{WordRole::kNoon, "noon midday"},
    Words{WordRole::kEvening, "evening tonight night"},
    Words{WordRole::kYesterday, "yesterday"},
};

const std::unordered_map<std::string_view, WordRole>& roles() {
  static const auto* const map = [] {
    auto* made = new std::unordered_map<std::string_view, WordRole>;
    for (const Words& group : kWords) {
      std::string_view rest = group.words;
      while (!rest.empty()) {
        const std::size_t end = rest.find(' ');
        made->emplace(rest.substr(0, end), group.role);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      }
    }
    return made;
  }();
  return *map;
}

}  // namespace

WordRole role_of(std::string_view word) {
  const auto found = roles().find(word);
  if (found != roles().end()) return found->second;
  // "100% whole wheat"
  return word.ends_with('%') ? WordRole::kDescribes : WordRole::kUnknown;
}

double size_factor(WordRole role) noexcept {
  switch (role) {
    case WordRole::kTiny:
      return 0.5;
    case WordRole::kSmall:
      return 0.75;
    case WordRole::kLarge:
      return 1.25;
    case WordRole::kHuge:
      return 1.5;
    default:
      return 1;
  }
}

}  // namespace health_agent::agent
