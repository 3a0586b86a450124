use super::{Language, NONE};

pub(super) const LANGUAGE: Language = Language {
    code: "en",
    capitals: true,
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    months_short: [
        "Jan", "Feb", "Mar", "Apr", "", "Jun", "Jul", "Aug", "Sept|Sep", "Oct", "Nov", "Dec",
    ],
    weekdays: [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
    weekdays_short: ["Mon", "Tue|Tues", "Wed", "Thu|Thur|Thurs", "Fri", "Sat", "Sun"],
    days: &[
        (-2, "the day before yesterday|day before yesterday"),
        (-1, "yesterday"),
        (0, "today"),
        (1, "tomorrow"),
        (2, "the day after tomorrow|day after tomorrow"),
    ],
    last: "last|past",
    this: "this",
    next: "next|coming",
    part: "mid|mid-|early|late|the middle of|middle of|the end of|end of|the beginning of",
    within: "in|since|during",
    of: "of|the",
    ago_after: "ago",
    units: [
        "minute|minutes|min|mins",
        "hour|hours",
        "day|days",
        "month|months",
        "year|years",
    ],
    counts: [
        "one|a|an", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ],
    clock: "at",
    oclock: "o'clock|hrs",
    am: "am|a.m.|a.m",
    pm: "pm|p.m.|p.m",
    zone: "local time|local",
    periods: ["month", "year"],
    not_after: "every|each|most|usa|russia|psychology|india|super|black|good|ash|bloody|palm|easter|cyber|holy",
    not_before: "show",
    before_date: "the|on",
    measures: "percent|per|million|billion|thousand|people|km|m|kg",
    future: "will|won't|shall|would|going to|set to|set for|expected to|scheduled|is due|are due|due to begin|due to \
             open|due to start|due to meet|due to arrive|due to take|plans to|plan to|planned for|planning to|to be|to \
             begin|to start|to open|to meet|is to|are to|takes effect|starts|begins|opens|ahead of|upcoming|'ll",
    past: "said|told|says|added|announced|reported|wrote|since|was|were|had|has|have|did|would have|met|\
           began|held|came|went|took|fell|rose|killed|hit|left|made|broke|signed",
    opens_clause: "that|which|who|whose|where",
    ..NONE
};
