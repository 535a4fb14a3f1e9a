//! What the names in paths, fields and operation ids say: their words, singular forms, and the habits of APIs.

/// The lower-case words of a name, whichever way it is written: `orderId`, `order_id` and `Order-ID` are `order`, `id`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    let characters: Vec<char> = name.chars().collect();
    for (at, &c) in characters.iter().enumerate() {
        if !c.is_alphanumeric() {
            previous = ' ';
            continue;
        }
        let next_is_lower = characters.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = !previous.is_alphanumeric()
            || (c.is_uppercase() && (previous.is_lowercase() || (previous.is_uppercase() && next_is_lower)));
        match words.last_mut() {
            Some(word) if !begins => word.extend(c.to_lowercase()),
            _ => words.push(c.to_lowercase().collect()),
        }
        previous = c;
    }
    words
}

/// The words run together, so that spellings of one name are equal.
pub(crate) fn folded(name: &str) -> String {
    words(name).concat()
}

/// The singular of an English plural, as far as names of resources need it.
pub(crate) fn singular(word: &str) -> String {
    let cut = |end: usize| word.get(..word.len().saturating_sub(end)).unwrap_or(word).to_owned();
    if word.len() < 3 || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        word.to_owned()
    } else if word.ends_with("ies") {
        cut(3) + "y"
    } else if ["sses", "xes", "ches", "shes", "zes"].iter().any(|end| word.ends_with(end)) {
        cut(2)
    } else if word.ends_with('s') {
        cut(1)
    } else {
        word.to_owned()
    }
}

/// Whether a name is that of an identifier: `id`, `uuid`, `order_id`, `slug`, ..
pub(crate) fn is_identifier(name: &str) -> bool {
    let words = words(name);
    words.last().is_some_and(|last| {
        ["id", "uuid", "guid", "ref", "slug", "sku", "key", "code", "number", "ids"].contains(&last.as_str())
    }) && !["card", "phone", "postal", "zip", "country", "currency", "serial", "status", "house", "account"]
        .iter()
        .any(|other| {
            words.first().is_some_and(|first| first == other) && words.last().is_some_and(|last| last != "id")
        })
}

/// What a field of a request is about, told from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Email,
    Username,
    Password,
    Token,
    Url,
    DateTime,
    Date,
    Time,
    Phone,
    Country,
    Currency,
    PostalCode,
    CardNumber,
    SecurityCode,
    Expiry,
    TimeZone,
    Language,
    Color,
    /// How many are asked for.
    Quantity,
    /// How many there are.
    Level,
    Money,
    Page,
    Coordinate,
    Percentage,
    PersonName,
    None,
}

/// Words for how much of something there is.
const LEVELS: &[&str] = &[
    "stock",
    "inventory",
    "available",
    "availability",
    "capacity",
    "remaining",
    "balance",
    "seats",
    "slots",
    "max",
];

/// What a field stands for among those beside it: beside a password, and with no user's name or address there, `name` names the user.
pub(crate) fn called<'n>(name: &'n str, beside: impl Iterator<Item = &'n str>) -> &'n str {
    if folded(name) != "name" {
        return name;
    }
    let (mut has_password, mut has_user) = (false, false);
    for other in beside {
        match meaning(other) {
            Meaning::Password => has_password = true,
            Meaning::Username | Meaning::Email => has_user = true,
            _ => {}
        }
    }
    if has_password && !has_user { "username" } else { name }
}

/// What a field of a request is about.
pub(crate) fn meaning(name: &str) -> Meaning {
    let words = words(name);
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
    let last = words.last().map_or("", String::as_str);
    let folded = words.concat();
    match () {
        () if has(&["email", "mail"]) => Meaning::Email,
        () if has(&["password", "passwd", "pwd", "passphrase", "pass"]) => Meaning::Password,
        () if ["username", "login", "user", "handle", "nickname", "userid", "loginname", "account"]
            .contains(&folded.as_str()) =>
        {
            Meaning::Username
        }
        () if ["token", "jwt"].contains(&last) => Meaning::Token,
        () if ["cardnumber", "card", "pan", "creditcard", "ccnumber"].contains(&folded.as_str()) => {
            Meaning::CardNumber
        }
        () if has(&["cvv", "cvc", "csc"]) => Meaning::SecurityCode,
        () if has(&["expiry"]) || folded.contains("expir") && has(&["card", "month", "year"]) => {
            Meaning::Expiry
        }
        () if ["url", "uri", "link", "href", "website", "webhook", "callback"].contains(&last) => {
            Meaning::Url
        }
        () if has(&["timezone", "tz"]) || folded == "timezone" => Meaning::TimeZone,
        () if ["at", "datetime", "timestamp"].contains(&last) || (words.len() > 1 && last == "time") => {
            Meaning::DateTime
        }
        () if ["start", "end", "since", "until"].contains(&folded.as_str()) => Meaning::DateTime,
        () if ["date", "day", "birthday", "dob", "birthdate", "deadline", "due"].contains(&last) => {
            Meaning::Date
        }
        () if folded == "time" => Meaning::Time,
        () if has(&["phone", "mobile", "tel", "telephone"]) => Meaning::Phone,
        () if last == "country" || folded == "countrycode" => Meaning::Country,
        () if last == "currency" || folded == "currencycode" => Meaning::Currency,
        () if has(&["zip", "postal", "postcode", "zipcode"]) => Meaning::PostalCode,
        () if ["language", "lang", "locale"].contains(&last) => Meaning::Language,
        () if ["color", "colour"].contains(&last) => Meaning::Color,
        () if has(LEVELS) => Meaning::Level,
        () if ["quantity", "qty", "count", "units", "copies", "guests"].contains(&last) => Meaning::Quantity,
        () if ["price", "amount", "total", "cost", "balance", "fee", "cents"].contains(&last) => {
            Meaning::Money
        }
        () if ["page", "offset", "limit", "size", "skip", "perpage"].contains(&folded.as_str()) => {
            Meaning::Page
        }
        () if ["lat", "latitude", "lng", "lon", "longitude"].contains(&last) => Meaning::Coordinate,
        () if ["percent", "percentage", "discount"].contains(&last) => Meaning::Percentage,
        () if ["firstname", "lastname", "fullname", "displayname"].contains(&folded.as_str()) => {
            Meaning::PersonName
        }
        () => Meaning::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for name in ["orderId", "order_id", "Order-ID", "ORDER_ID", "OrderID"] {
            assert_eq!(words(name), ["order", "id"], "{name}");
        }
        assert_eq!(words("HTTPServerURL"), ["http", "server", "url"]);
        assert_eq!(words("/api/v1/{id}"), ["api", "v1", "id"]);
    }

    #[test]
    fn plurals_of_resources_have_their_singular() {
        for (plural, one) in [
            ("orders", "order"),
            ("categories", "category"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("status", "status"),
            ("classes", "class"),
            ("houses", "house"),
            ("news", "new"),
            ("bus", "bus"),
        ] {
            assert_eq!(singular(plural), one);
        }
    }
}
