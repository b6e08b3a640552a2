#include "health_agent/agent/food/words.h"

#include <array>
#include <unordered_map>

namespace health_agent::agent {
namespace {

struct Words {
  WordRole role;
  std::string_view words;  // divided by single spaces
};

// The first group that has a word counts.
constexpr std::array kWords{
    Words{WordRole::kI, "i im ive id myself"},
    Words{WordRole::kWe, "we weve wed us"},
    Words{
        WordRole::kPerson,
        "he she they hes shes theyve theyre him wife husband spouse mom mum mother mama dad daddy "
        "father papa kid kids child children son sons daughter daughters baby toddler friend "
        "friends roommate flatmate boss coach doctor colleague colleagues coworker coworkers "
        "brother brothers sister sisters girlfriend boyfriend partner gf bf hubby grandma grandpa "
        "granny grandmother grandfather neighbor neighbour neighbors neighbours dog dogs cat cats "
        "boy boys girl girls guy guys lady ladies man men woman women nobody noone anybody ones "
        "guest guests uncle aunt cousin cousins niece nephew family parents teacher somebody "
        "someone everybody everyone everyones people person bro sis fiance fiancee twins buddy "
        "mate team"},
    Words{WordRole::kIs,
          "is are was were thats cost costs tastes tasted smells smelled looks looked"},
    Words{WordRole::kThem, "it them those these that"},
    Words{WordRole::kLog,
          "log logging add adding track tracking record recording note register enter put count"},
    Words{WordRole::kBuy,
          "bought buy buying buys purchased purchase purchasing ordered ordering shopping grocery "
          "groceries sold sell selling stocked preordered"},
    Words{
        WordRole::kMake,
        "made make makes making cooked cook cooking cooks prepared prepare preparing prep prepped "
        "baked bake baking fried boiled grilled roasted steamed poached scrambled toasted fixed "
        "deepfried"},
    Words{
        WordRole::kOther,
        "gave give giving gives given fed feed feeding feeds served serve brought bring "
        "threw throw thrown dropped drop spilled spilt burned burnt wasted tossed "
        "saw see seen watched watching thought think thinking dreamed dreamt heard picked pick got "
        "gotten get getting stole took take offered photographed found counted there logged "
        "tracked recorded mentioned posted saved save lost shared split halved canceled cancelled "
        "deleted removed sharing splitting kept keep keeping quit quits quitting resist resisted "
        "resisting stopped stop stopping traded swapped donated delivered delivering"},
    Words{WordRole::kLike,
          "like likes liked love loves loved hate hates hated prefer prefers preferred dislike "
          "dislikes adore adores enjoy enjoys miss missed allergic intolerant favorite favourite "
          "favorites favourites"},
    Words{WordRole::kHabit,
          "usually always often sometimes normally typically rarely generally daily every used "
          "regularly seldom mostly mornings evenings nights weekends weekdays nowadays"},
    Words{
        WordRole::kStored,
        "fridge oven refrigerator freezer pantry cupboard left remaining remain stock supermarket"},
    Words{
        WordRole::kVague,
        "lots lot loads tons ton heaps plenty bit little much many bunches oodles amount amounts"},
    Words{
        WordRole::kGlue,
        "sometime ages the my his her our your their this me "
        "its you to also just only about around approximately approx roughly maybe perhaps circa "
        "ca "
        "please "
        "pls plz for as on some any more another extra then so well ok okay oh um hmm today now "
        "earlier already first second finally total each per both all plain regular normal usual "
        "typical average be been here too again plus "
        "followed by x times mine most rest which nice good great lovely yummy "
        "tasty delicious amazing quick simple meal food foods dish dessert "
        "starter main course topping toppings side sides or whole entire full single third fourth "
        "fifth consisting consisted altogether exactly than rather either "
        "actually honestly basically literally quickly accidentally unfortunately luckily happily "
        "obviously yesterdays post pre "
        "including containing contained u ur fyi btw am self off down up out late early worth"},
    Words{
        WordRole::kChat,
        "hi hello hey hiya yo greetings howdy thanks thank thx cheers bye goodbye welcome "
        "feeling feel felt tired hungry starving stuffed happy sad sick ill stressed busy "
        "bored glad sorry day days week weeks month months year years hour hours minute minutes "
        "min mins seconds old age name called time work working worked job home "
        "gym run ran running walk walked walking workout exercise exercised training trained swim "
        "swam cycling cycled bike km kilometers kilometres mile miles meter meters steps step "
        "sleep slept weight weigh weighed lose lost losing gain gained gaining diet dieting goal "
        "goals calories calorie kcal kcals cal cals kilojoule kilojoules kj macros macro protein "
        "proteins carbs carb "
        "carbohydrate carbohydrates fat fats fiber fibre sugars vitamin vitamins calcium iron "
        "nutrition nutrients nutritional help helps youre yours do does did done doing pm "
        "oclock know knew guess believe mean means say said tell told ask asked talk "
        "chat explain show calculate estimate compare going go went come came look "
        "looking "
        "vs versus trying start started use using "
        "order really very quite pretty still burn "
        "yes yeah yep yup nope sure right wrong "
        "true test testing question questions answer weather joke story "
        "anything nothing everything thing things stuff way ways "
        "life world money news phone app computer code number numbers percent summary "
        "status progress report history healthy unhealthy health best better worse worst bad "
        "awful awesome cool fun fine alright enough less long short new next last previous "
        "over under budget limit usd dollars "
        "dollar euro euros bucks room table tables place street city "
        "vegan vegetarian pescatarian keto fasting fast fasted carnivore train bus plane car couch "
        "sofa park beach office desk restaurant cafe hotel cinema degrees "
        "bed party potassium magnesium zinc sodium cholesterol delete remove undo cancel change "
        "edit correct entry entries ugh argh omg lol haha hmm wow yay damn nah meh bloated gassy "
        "whatever "
        "nauseous perfect brilliant woke cheated caved decided indulged ended"},
    Words{WordRole::kAside,
          "at in from because since after before while during until till where who why "
          "although though into onto near via between through despite unless"},
    Words{WordRole::kRaw, "raw uncooked dry"},
    Words{
        WordRole::kDescribes,
        "air shallow dehydrated desiccated dessicated crumbed powdered candied crystallised "
        "crystallized "
        "glace "
        "roast fresh frozen hot cold "
        "warm iced chilled homemade organic low high lean light lite dark thick "
        "thin crispy crunchy soft hard sweet savory savoury spicy salted unsalted sweetened "
        "unsweetened buttered sauteed stir deep pan smoked dried canned "
        "tinned sliced diced chopped minced shredded grated mashed pureed whipped melted skinless "
        "boneless free range cage reduced natural pure real ripe green red yellow white black "
        "brown heaped heaping level generous leftover leftovers vanilla cinnamon garlicky lemony "
        "creamy traditional classic italian french greek mexican chinese thai indian japanese "
        "korean american english turkish vietnamese spanish german lebanese gluten dairy lactose "
        "decaffeinated skinny rare glazed marinated seasoned "
        "breaded battered barbecued bbq pickled fermented wholegrain wholewheat wholemeal "
        "organically cooked cured sugared whey farm local store shop takeaway takeout fluffy juicy "
        "tender "
        "chobani fage fairlife oikos yoplait danone dannon activia siggis barilla kirkland heinz "
        "hellmanns philadelphia kelloggs quaker tyson tropicana oatly silk alpro lindt hersheys "
        "hershey cadbury ghirardelli nestle lays tostitos kraft jif skippy eggo rao raos dole "
        "premium signature everyday basic favorite seedless pitted peeled cut thinly thickly "
        "freshly lightly slightly steaming cooling loaded crusty toasty "
        "drained rinsed grain semi skimmed flavored flavoured style"},
    Words{WordRole::kAnd, "and n und et"},
    Words{WordRole::kWith, "with w topped alongside"},
    Words{WordRole::kBut, "but however"},
    Words{WordRole::kOf, "of"},
    Words{
        WordRole::kEat,
        "had ate eaten drank drunk consumed finished grabbed devoured munched snacked nibbled "
        "sipped swallowed gobbled enjoyed chugged downed wolfed scarfed inhaled demolished "
        "polished "
        "gulped slurped ingested treated tasted gorged binged feasted dined chewed nommed slammed "
        "crushed"},
    Words{WordRole::kEating,
          "have having eat eats eating drink drinks drinking consume consuming has snacking "
          "munching sipping nibbling"},
    Words{WordRole::kWish,
          "want wants wanted need needs needed gotta fancy fancied fancying forward wanna wanting "
          "craving crave craved wish wished hope hoping "
          "might could "
          "would should shall may must planning plan planned plans later recipe recipes recommend "
          "suggest suggestion suggestions consider considering considered tempted dreaming will "
          "gonna try tried tries supposed almost nearly if when whenever whether suppose imagine "
          "intend lets let "
          "forgot forget remember remind refuse refused ought thinking"},
    Words{WordRole::kAsk, "how what whats hows"},
    Words{WordRole::kNegate,
          "no not without didnt dont doesnt havent hasnt hadnt wasnt isnt never skip skipped "
          "skipping "
          "minus except instead avoid avoided avoiding hold cant couldnt wont none neither nor "
          "cannot "
          "hardly didn"},
    Words{WordRole::kSmall, "small smallish sm sml"},
    Words{WordRole::kMedium, "medium sized size tall med"},
    Words{WordRole::kLarge, "large big xl larger grande lg lrg"},
    Words{WordRole::kHuge, "venti huge giant enormous massive jumbo gigantic"},
    Words{WordRole::kTiny, "tiny mini"},
    Words{WordRole::kBreakfast, "breakfast breakfasts brekkie brekky bfast brekfast breakfest"},
    Words{WordRole::kLunch, "lunch lunches lunchtime brunch luncheon"},
    Words{WordRole::kDinner, "dinner dinners supper suppers dinnertime"},
    Words{WordRole::kSnack, "snack snacks elevenses"},
    Words{WordRole::kMorning, "morning"},
    Words{WordRole::kNoon, "noon midday"},
    Words{WordRole::kEvening, "evening night"},
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
  // "100% whole wheat", "80/20 beef", "2nd"; what is a quantity is a number, not a word
  const bool figure = word.ends_with('%') || (!word.empty() && word[0] >= '0' && word[0] <= '9');
  return figure ? WordRole::kDescribes : WordRole::kUnknown;
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
