//! The number of a part in a video's title: "Lesson 3", "S01E03", "3/12", "#3", "Part III", "leçon 3", "第3集".
//!
//! Read from the words alone, in any of the languages of [`KEYWORDS`]. A number without a keyword counts only at the beginning or the
//! end of a title, and is marked as weak. What stays out: which videos belong together ([`super`]).

use std::iter;
use std::sync::LazyLock;

use foldhash::HashSet;

/// Words before or after the number of a part, in lower case: English, German, French, Spanish, Portuguese, Italian, Dutch,
/// the Scandinavian languages, Finnish, Polish, Czech, Turkish, Russian, Ukrainian, Esperanto.
const KEYWORDS: &str = "\
    episode ep eps part pt lesson lecture chapter unit module session class tutorial volume vol day week no nr step \
    folge teil lektion kapitel vorlesung tag woche épisode épisodes partie leçon lecon chapitre cours séance jour \
    semaine numéro étape episodio capítulo capitulo parte lección leccion clase tema unidad día episódio aula lição \
    licao capitolo puntata lezione aflevering deel les hoofdstuk avsnitt del afsnit jakso osa luku odcinek część \
    czesc lekcja rozdział díl dil část cast lekce kapitola bölüm bolum ders kısım серия часть урок выпуск глава \
    лекция эпизод частина серія випуск лекція parto leciono epizodo";
/// Words before the number of a season.
const SEASONS: &[&str] = &[
    "season",
    "staffel",
    "saison",
    "temporada",
    "stagione",
    "seizoen",
    "säsong",
    "sæson",
    "sezon",
    "сезон",
];
/// Words between a number and how many parts there are.
const OF: &[&str] = &["of", "von", "sur", "de", "di", "van", "av", "af", "z", "iz", "из", "з"];
/// Numbers in words, as they are after a keyword.
const IN_WORDS: &[(&str, u32)] = &[
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eins", 1),
    ("zwei", 2),
    ("drei", 3),
    ("vier", 4),
    ("fünf", 5),
    ("un", 1),
    ("deux", 2),
    ("trois", 3),
    ("quatre", 4),
    ("cinq", 5),
    ("uno", 1),
    ("dos", 2),
    ("tres", 3),
    ("cuatro", 4),
    ("cinco", 5),
];
/// [`KEYWORDS`], to be looked up.
static KEYWORD_SET: LazyLock<HashSet<&str>> = LazyLock::new(|| KEYWORDS.split_whitespace().collect());
/// Signs around the number of a part in Chinese and Japanese.
const EAST_ASIAN: (char, &[char]) = (
    '第',
    &['集', '话', '話', '回', '课', '課', '章', '部', '期', '讲', '講'],
);
/// Numbers beyond it are years, sizes and the like.
const LARGEST: u32 = 1_899;

/// Where a title says which part a video is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Season and part; season 0 where none is named.
    pub number: (u32, u32),
    /// What stands before the number, in lower case, words separated by spaces.
    pub before: String,
    /// The keyword and how many parts there are: alike in all parts of a series.
    pub keyword: String,
    /// What stands after the number.
    pub after: String,
    /// Whether only its place says that the number is that of a part.
    pub is_weak: bool,
}

/// The number in a title, if there is one.
pub fn numbered(title: &str) -> Option<Numbered> {
    let tokens = tokens(title);
    let found = explicit(&tokens).or_else(|| at_an_end(&tokens))?;
    let season = found.season.or_else(|| season_before(&tokens, found.from));
    let words = |tokens: &[Token]| {
        let words = tokens.iter().filter_map(|token| match token {
            Token::Word(word) => Some(word.clone()),
            Token::Number(number) => Some(number.to_string()),
            Token::Sign(_) => None,
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let before = tokens.get(..found.from).unwrap_or_default();
    let before = if found.season.is_none() && season.is_some() {
        before.get(..before.len().saturating_sub(2)).unwrap_or_default()
    } else {
        before
    };
    Some(Numbered {
        number: (season.unwrap_or(0), found.number),
        before: words(before),
        keyword: found.keyword,
        after: words(tokens.get(found.to..).unwrap_or_default()),
        is_weak: found.is_weak,
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Number(u32),
    /// `#`, `/`, `.` and the like, where they say something about a number.
    Sign(char),
}

struct Found {
    from: usize,
    to: usize,
    season: Option<u32>,
    number: u32,
    keyword: String,
    is_weak: bool,
}

/// Letters and digits apart; of the rest, only signs that may belong to a number.
fn tokens(title: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut word, mut digits) = (String::new(), String::new());
    for character in title.chars().flat_map(char::to_lowercase).chain(iter::once(' ')) {
        let digit = character.to_digit(10).or_else(|| full_width(character));
        if let Some(digit) = digit.filter(|_| digits.len() < 9) {
            if !word.is_empty() {
                tokens.push(Token::Word(std::mem::take(&mut word)));
            }
            digits.push(char::from_digit(digit, 10).unwrap_or('0'));
            continue;
        }
        if !digits.is_empty() {
            tokens.extend(digits.parse().ok().map(Token::Number));
            digits.clear();
        }
        if character == EAST_ASIAN.0 || EAST_ASIAN.1.contains(&character) {
            if !word.is_empty() {
                tokens.push(Token::Word(std::mem::take(&mut word)));
            }
            tokens.push(Token::Sign(character));
        } else if character.is_alphanumeric() || character == '\u{301}' {
            word.push(character);
        } else {
            if !word.is_empty() {
                tokens.push(Token::Word(std::mem::take(&mut word)));
            }
            if matches!(character, '#' | '/' | '№') {
                tokens.push(Token::Sign(character));
            }
        }
    }
    tokens
}

fn full_width(character: char) -> Option<u32> {
    ('\u{ff10}'..='\u{ff19}')
        .contains(&character)
        .then(|| u32::from(character) - 0xff10)
}

/// A number that a keyword or a sign marks.
fn explicit(tokens: &[Token]) -> Option<Found> {
    let places = || 0..tokens.len();
    let found = |from: usize, to: usize, season: Option<u32>, number: u32, keyword: String| Found {
        from,
        to,
        season,
        number,
        keyword,
        is_weak: false,
    };
    // S01E03 and 1x03.
    let season_and_part = places().find_map(|at| match tokens.get(at..)? {
        [
            Token::Word(s),
            Token::Number(season),
            Token::Word(e),
            Token::Number(part),
            ..,
        ] if s == "s" && matches!(e.as_str(), "e" | "ep") => {
            Some(found(at, at + 4, Some(*season), *part, "se".to_owned()))
        }
        [Token::Number(season), Token::Word(x), Token::Number(part), ..]
            if x == "x" && *season < 100 && *part < 100 =>
        {
            Some(found(at, at + 3, Some(*season), *part, "se".to_owned()))
        }
        _ => None,
    });
    // Keyword and number, or number and keyword, each with how many there are; 第3集.
    let marked = || {
        places().find_map(|at| match tokens.get(at..)? {
            [Token::Word(word), rest @ ..] if KEYWORD_SET.contains(word.as_str()) => {
                let signs = rest.iter().take_while(|token| matches!(token, Token::Sign(_))).count();
                let number = value(rest.get(signs)?)?;
                let (length, total) = total(number, rest.get(signs + 1..).unwrap_or_default());
                Some(found(
                    at,
                    at + signs + 2 + length,
                    None,
                    number,
                    format!("{word}{total}"),
                ))
            }
            [Token::Sign(sign), Token::Number(number), Token::Sign(after), ..]
                if *sign == EAST_ASIAN.0 && EAST_ASIAN.1.contains(after) =>
            {
                Some(found(at, at + 3, None, *number, after.to_string()))
            }
            _ => None,
        })
    };
    let numbered = || {
        places().find_map(|at| match tokens.get(at..)? {
            [Token::Number(number), Token::Word(word), ..] if KEYWORD_SET.contains(word.as_str()) => {
                Some(found(at, at + 2, None, *number, word.clone()))
            }
            [Token::Sign('#' | '№'), Token::Number(number), rest @ ..] => {
                let (length, total) = total(*number, rest);
                Some(found(at, at + 2 + length, None, *number, format!("#{total}")))
            }
            [Token::Number(number), rest @ ..] => {
                let (length, total) = total(*number, rest);
                (length > 0).then(|| found(at, at + 1 + length, None, *number, format!("#{total}")))
            }
            _ => None,
        })
    };
    let found = season_and_part.or_else(marked).or_else(numbered)?;
    (found.number <= LARGEST).then_some(found)
}

/// A number at the beginning or the end.
fn at_an_end(tokens: &[Token]) -> Option<Found> {
    let (from, number, keyword) = match tokens {
        [Token::Number(number), Token::Word(_), ..] => (0, *number, "first"),
        [.., Token::Word(_), Token::Number(number)] => (tokens.len() - 1, *number, "last"),
        _ => return None,
    };
    (number <= LARGEST).then(|| Found {
        from,
        to: from + 1,
        season: None,
        number,
        keyword: keyword.to_owned(),
        is_weak: true,
    })
}

fn season_before(tokens: &[Token], from: usize) -> Option<u32> {
    match tokens.get(..from)? {
        [.., Token::Word(word), Token::Number(season)] if is_one_of(word, SEASONS) => Some(*season),
        _ => None,
    }
}

/// "/12" or "of 12" after `number`: how many tokens that is, and how it marks a series. "24/7" and dates are nothing of the kind.
fn total(number: u32, rest: &[Token]) -> (usize, String) {
    let (total, after) = match rest {
        [Token::Sign('/'), Token::Number(total), after @ ..] => (*total, after),
        [Token::Word(of), Token::Number(total), after @ ..] if is_one_of(of, OF) => (*total, after),
        _ => return (0, String::new()),
    };
    let is_date = after.first() == Some(&Token::Sign('/'));
    if (2..=LARGEST).contains(&total) && number <= total && !is_date {
        (2, format!("/{total}"))
    } else {
        (0, String::new())
    }
}

/// Arabic, in words or Roman.
fn value(token: &Token) -> Option<u32> {
    match token {
        Token::Number(number) => Some(*number),
        Token::Word(word) => {
            let in_words = IN_WORDS.iter().find(|(name, _)| name == word);
            in_words.map(|(_, number)| *number).or_else(|| roman(word))
        }
        Token::Sign(_) => None,
    }
}

/// From 1 to 39: beyond it, words are mistaken for numbers.
fn roman(word: &str) -> Option<u32> {
    let digit = |letter| match letter {
        'i' => Some(1u32),
        'v' => Some(5),
        'x' => Some(10),
        _ => None,
    };
    let digits: Vec<u32> = word.chars().map(digit).collect::<Option<_>>()?;
    let signed = digits.iter().enumerate().map(|(at, digit)| {
        let is_less = digits.get(at + 1).is_some_and(|next| next > digit);
        if is_less { -i64::from(*digit) } else { i64::from(*digit) }
    });
    let value = u32::try_from(signed.sum::<i64>()).ok()?;
    let tens = "x".repeat(value as usize / 10);
    let ones = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
    let written = format!("{tens}{}", ones.get(value as usize % 10)?);
    ((1..40).contains(&value) && written == word).then_some(value)
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.contains(&word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_found_in_many_languages_and_forms() {
        let titles = [
            ("Rust course – Lesson 3: Ownership", (0, 3)),
            ("S01E03 The river", (1, 3)),
            ("The river 1x03", (1, 3)),
            ("Gardening (3/12)", (0, 3)),
            ("Gardening 3 of 12", (0, 3)),
            ("Podcast #3", (0, 3)),
            ("History, Part III", (0, 3)),
            ("Part three: the return", (0, 3)),
            ("Espagnol, leçon 3", (0, 3)),
            ("Spanisch Lektion 3", (0, 3)),
            ("Die Reise, 3. Teil", (0, 3)),
            ("Curso de guitarra - clase 3", (0, 3)),
            ("Урок 3. Глаголы", (0, 3)),
            ("Kurs rysunku odcinek 3", (0, 3)),
            ("日本語 第3回", (0, 3)),
            ("日本語 第３話", (0, 3)),
            ("Staffel 2 Folge 3", (2, 3)),
            ("Ep. 03 | Bees", (0, 3)),
            ("Radio № 3", (0, 3)),
            ("03 - Soil", (0, 3)),
            ("Building a boat 3", (0, 3)),
        ];
        for (title, number) in titles {
            assert_eq!(numbered(title).map(|found| found.number), Some(number), "{title}");
        }
    }

    #[test]
    fn what_is_no_part_has_no_number() {
        for title in [
            "",
            "Bees",
            "Review of 2024",
            "1984",
            "Party in my garden",
            "Participants",
            "A mix of colours",
            "Open 24/7 for you",
            "Council of 3/12/2024 in full",
        ] {
            assert_eq!(numbered(title), None, "{title}");
        }
        assert!(numbered("Building a boat 3").unwrap().is_weak);
        assert!(!numbered("Building a boat, part 3").unwrap().is_weak);
    }

    #[test]
    fn what_is_around_the_number_tells_series_apart() {
        let found = numbered("Staffel 2 Folge 3: Der Fluss").unwrap();
        assert_eq!((found.before.as_str(), found.after.as_str()), ("", "der fluss"));
        let found = numbered("Rust course – Lesson 3/12: Ownership").unwrap();
        assert_eq!(
            (found.before.as_str(), found.keyword.as_str()),
            ("rust course", "lesson/12")
        );
    }

    proptest! {
        #[test]
        fn no_title_makes_it_panic(title: String) {
            let _ = numbered(&title);
        }

        #[test]
        fn every_number_from_1_to_39_is_read_in_roman(number in 1u32..40) {
            let ones = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
            let title = format!("Part {}{}", "X".repeat(number as usize / 10), ones[number as usize % 10]);
            prop_assert_eq!(numbered(&title).map(|found| found.number), Some((0, number)));
        }
    }
}
