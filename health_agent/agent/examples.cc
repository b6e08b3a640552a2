#include "health_agent/agent/examples.h"

#include <array>

namespace health_agent::agent {
namespace {

constexpr std::array<std::string_view, 52> kMessages{
    "2 eggs and 150 g of rice for lunch",
    "A bowl of oatmeal with a banana",
    "half an avocado, 2 slices of whole wheat toast and a glass of orange juice for breakfast",
    "I had a chicken caesar salad and a sparkling water for lunch",
    "three scrambled eggs with two slices of bacon this morning",
    "Just grabbed a latte and a croissant",
    "200g grilled chicken breast, 1 cup of brown rice and some broccoli for dinner",
    "a handful of almonds and an apple as a snack",
    "2 slices of pepperoni pizza and a can of coke",
    "1.5 cups of milk with 40 g of corn flakes",
    "Greek yogurt with blueberries and a tablespoon of honey",
    "spaghetti bolognese and a glass of red wine for dinner",
    "salmon 180 g, boiled potatoes 200 g, green beans",
    "had a burrito bowl and guacamole for lunch",
    "a protein shake after the gym",
    "peanut butter and jelly sandwich",
    "Coffee with milk and sugar, and a blueberry muffin",
    "lentil soup with a bread roll",
    "I ate a cheeseburger, fries and a milkshake last night",
    "chicken tikka masala with basmati rice and a naan",
    "8 pieces of sushi and miso soup for dinner",
    "tofu stir fry with 150g noodles",
    "2 tacos and a beer",
    "a couple of mandarins and a handful of walnuts",
    "overnight oats with chia seeds and raspberries for breakfast",
    "1/2 pizza margherita for dinner",
    "rice and beans with plantain for lunch",
    "falafel wrap and an iced tea",
    "pho for lunch",
    "A large apple and 30 g of cheddar",
    "250ml whole milk and 3 cookies before bed",
    "two pancakes with maple syrup and strawberries for breakfast",
    "bowl of tomato soup and a grilled cheese",
    "hummus with carrots and celery sticks",
    "a dozen chicken wings and a pint of lager",
    "pad thai and a spring roll for dinner",
    "dark chocolate, 4 squares",
    "shakshuka with two pita breads",
    "steak 250 g, baked potato with butter, side salad",
    "half a baguette with brie and ham",
    "a banana smoothie and a granola bar on the train",
    "bibimbap for lunch and a green tea",
    "a scoop of vanilla ice cream for dessert",
    "tuna sandwich, a pear and water",
    "2 boiled eggs, a tomato and a slice of rye bread",
    "porridge with almond milk and a spoon of peanut butter",
    "Hi there!",
    "How many calories have I had today?",
    "How many calories are in a banana?",
    "What can you do?",
    "Thanks, that helps",
    "What did I eat today?",
};

}  // namespace

std::span<const std::string_view> example_messages() noexcept {
  return kMessages;
}

}  // namespace health_agent::agent
