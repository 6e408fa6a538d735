//! The vocabulary of the generated videos: themes with their words and tags, and words that any video may use.
//!
//! The titles only have to look like titles and to carry the theme; who watches what is decided elsewhere.

/// What a community of videos is about.
#[derive(Debug)]
pub(super) struct Theme {
    /// PeerTube's number of the category.
    pub(super) category: i32,
    /// Words that titles take from.
    pub(super) words: [&'static str; 16],
    /// Tags, the most usual one first.
    pub(super) tags: [&'static str; 7],
}

/// A language of videos and people.
#[derive(Debug)]
pub(super) struct Language {
    /// ISO 639-1 code.
    pub(super) code: &'static str,
    /// How titles of any theme begin.
    pub(super) openings: [&'static str; 7],
    /// How they end.
    pub(super) endings: [&'static str; 7],
    /// What stands between two words of a theme.
    pub(super) and: &'static str,
    /// What comes before the number of a title that tells nothing.
    pub(super) episode: &'static str,
}

/// How many themes there are.
pub(super) const THEME_COUNT: usize = 12;

/// The themes.
pub(super) const THEMES: [Theme; THEME_COUNT] = [
    Theme {
        category: 15,
        words: [
            "Linux",
            "kernel",
            "terminal",
            "Debian",
            "self-hosting",
            "compiler",
            "container",
            "firewall",
            "backup",
            "desktop",
            "driver",
            "package",
            "server",
            "Fediverse",
            "router",
            "script",
        ],
        tags: [
            "linux",
            "free software",
            "self-hosting",
            "open source",
            "sysadmin",
            "privacy",
            "tutorial",
        ],
    },
    Theme {
        category: 1,
        words: [
            "synth",
            "modular",
            "ambient",
            "beat",
            "drone",
            "groove",
            "remix",
            "sampler",
            "techno",
            "live set",
            "loop",
            "bassline",
            "sequencer",
            "filter",
            "echo",
            "vinyl",
        ],
        tags: ["electronic", "synth", "ambient", "music", "live", "techno", "modular"],
    },
    Theme {
        category: 7,
        words: [
            "speedrun",
            "pixel",
            "console",
            "cartridge",
            "boss fight",
            "emulator",
            "quest",
            "dungeon",
            "arcade",
            "platformer",
            "retro",
            "level",
            "controller",
            "strategy",
            "savegame",
            "joystick",
        ],
        tags: [
            "retrogaming",
            "gaming",
            "speedrun",
            "let's play",
            "arcade",
            "indie game",
            "review",
        ],
    },
    Theme {
        category: 12,
        words: [
            "garden",
            "compost",
            "seedling",
            "pruning",
            "tomato",
            "greenhouse",
            "mulch",
            "orchard",
            "soil",
            "permaculture",
            "beehive",
            "harvest",
            "hedge",
            "pond",
            "potato",
            "herb",
        ],
        tags: [
            "gardening",
            "permaculture",
            "diy",
            "nature",
            "vegetables",
            "organic",
            "how to",
        ],
    },
    Theme {
        category: 18,
        words: [
            "bread",
            "sourdough",
            "soup",
            "dumpling",
            "curry",
            "oven",
            "stew",
            "pastry",
            "fermentation",
            "noodle",
            "cheese",
            "spice",
            "pancake",
            "risotto",
            "pickle",
            "tart",
        ],
        tags: ["cooking", "recipe", "vegan", "baking", "food", "kitchen", "how to"],
    },
    Theme {
        category: 3,
        words: [
            "bicycle",
            "gearbox",
            "cargo bike",
            "derailleur",
            "commute",
            "wheel",
            "brake",
            "bike lane",
            "tram",
            "gravel",
            "saddle",
            "frame",
            "pannier",
            "velodrome",
            "hub",
            "workshop",
        ],
        tags: [
            "cycling",
            "bicycle",
            "urbanism",
            "transport",
            "repair",
            "mobility",
            "commute",
        ],
    },
    Theme {
        category: 14,
        words: [
            "climate",
            "protest",
            "commons",
            "assembly",
            "strike",
            "cooperative",
            "energy",
            "forest",
            "blockade",
            "solidarity",
            "housing",
            "union",
            "river",
            "campaign",
            "justice",
            "petition",
        ],
        tags: [
            "activism",
            "climate",
            "politics",
            "ecology",
            "commons",
            "solidarity",
            "interview",
        ],
    },
    Theme {
        category: 13,
        words: [
            "galaxy",
            "telescope",
            "eclipse",
            "orbit",
            "nebula",
            "supernova",
            "comet",
            "moon",
            "spectrum",
            "gravity",
            "black hole",
            "rover",
            "observatory",
            "planet",
            "meteor",
            "starlight",
        ],
        tags: [
            "astronomy",
            "science",
            "space",
            "physics",
            "education",
            "lecture",
            "telescope",
        ],
    },
    Theme {
        category: 4,
        words: [
            "animation",
            "sketch",
            "render",
            "watercolour",
            "storyboard",
            "sculpture",
            "short film",
            "puppet",
            "ink",
            "stop motion",
            "brush",
            "portrait",
            "gallery",
            "mural",
            "lighting",
            "etching",
        ],
        tags: [
            "art",
            "animation",
            "blender",
            "short film",
            "drawing",
            "painting",
            "timelapse",
        ],
    },
    Theme {
        category: 6,
        words: [
            "trail",
            "summit",
            "hut",
            "glacier",
            "backpack",
            "tent",
            "ferry",
            "night train",
            "coast",
            "valley",
            "canyon",
            "island",
            "pass",
            "campfire",
            "lighthouse",
            "border",
        ],
        tags: ["hiking", "travel", "mountains", "outdoor", "train", "camping", "vlog"],
    },
    Theme {
        category: 16,
        words: [
            "cat", "hedgehog", "owl", "puppy", "aquarium", "fox", "rescue", "feather", "kitten", "donkey", "badger",
            "nest", "beaver", "stork", "rabbit", "paw",
        ],
        tags: ["animals", "cats", "wildlife", "nature", "rescue", "birds", "cute"],
    },
    Theme {
        category: 11,
        words: [
            "election",
            "debate",
            "parliament",
            "surveillance",
            "newsroom",
            "lawsuit",
            "inflation",
            "treaty",
            "ministry",
            "whistleblower",
            "census",
            "budget",
            "border talks",
            "verdict",
            "lobby",
            "referendum",
        ],
        tags: [
            "news",
            "politics",
            "analysis",
            "interview",
            "journalism",
            "economy",
            "debate",
        ],
    },
];

/// Tags that say nothing about the theme.
pub(super) const PLAIN_TAGS: [&str; 6] = ["video", "peertube", "2026", "new", "series", "community"];

/// How many languages there are.
pub(super) const LANGUAGE_COUNT: usize = 4;

/// The languages, the most usual one first.
pub(super) const LANGUAGES: [Language; LANGUAGE_COUNT] = [
    Language {
        code: "en",
        openings: [
            "How to",
            "The best",
            "My first",
            "A day with",
            "Why",
            "Behind the",
            "The story of the",
        ],
        endings: [
            "part two",
            "explained",
            "live",
            "once more",
            "for beginners",
            "without words",
            "in ten minutes",
        ],
        and: "and",
        episode: "Episode",
    },
    Language {
        code: "fr",
        openings: [
            "Comment",
            "Le meilleur",
            "Mon premier",
            "Une journée avec",
            "Pourquoi",
            "L'histoire de",
            "Atelier :",
        ],
        endings: [
            "deuxième partie",
            "expliqué",
            "en direct",
            "encore",
            "pour débuter",
            "l'été",
            "en dix minutes",
        ],
        and: "et",
        episode: "Épisode",
    },
    Language {
        code: "de",
        openings: [
            "Wie",
            "Das beste",
            "Mein erster",
            "Ein Tag mit",
            "Warum",
            "Die Geschichte von",
            "Gespräch:",
        ],
        endings: [
            "zweiter Teil",
            "erklärt",
            "live",
            "noch einmal",
            "für Anfänger",
            "ohne Worte",
            "in zehn Minuten",
        ],
        and: "und",
        episode: "Folge",
    },
    Language {
        code: "es",
        openings: [
            "Cómo",
            "Lo mejor:",
            "Mi primera",
            "Un día con",
            "¿Por qué?",
            "La historia de",
            "Charla:",
        ],
        endings: [
            "segunda parte",
            "explicado",
            "en vivo",
            "otra vez",
            "para todos",
            "sin palabras",
            "en diez minutos",
        ],
        and: "y",
        episode: "Episodio",
    },
];

/// Names that people's user names begin with.
pub(super) const FIRST_NAMES: [&str; 40] = [
    "ada", "alan", "amara", "anouk", "bashir", "bela", "carmen", "chidi", "clara", "dario", "edith", "emil", "fatima",
    "felix", "grace", "hana", "hugo", "ines", "ivan", "jonas", "kaja", "karim", "lena", "leo", "lina", "mai", "marco",
    "mila", "nadia", "noor", "olga", "omar", "paula", "priya", "ravi", "rosa", "samir", "tove", "yara", "zoe",
];

/// What people write under videos.
pub(super) const COMMENTS: [&str; 8] = [
    "Thank you, that was just what I needed.",
    "Could you show the second half again, slower?",
    "Merci beaucoup !",
    "I do not agree with everything, but it is well made.",
    "Where did you get that?",
    "Sehr schön, mehr davon.",
    "The sound is a bit low.\nOtherwise great.",
    "¡Buenísimo!",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn categories_are_those_of_peertube_and_differ() {
        let categories: HashSet<i32> = THEMES.iter().map(|theme| theme.category).collect();
        assert_eq!(categories.len(), THEME_COUNT);
        assert!(categories.iter().all(|category| (1..=18).contains(category)));
    }

    #[test]
    fn tags_are_what_peertube_accepts() {
        let tags = THEMES.iter().flat_map(|theme| theme.tags).chain(PLAIN_TAGS);
        for tag in tags {
            assert!((2..=30).contains(&tag.chars().count()), "{tag}");
        }
    }
}
