# SPDX-License-Identifier: CC0-1.0
"""What six people of a village say: a grammar written for this project, dedicated to the public domain (CC0).

A line is a function of who is asked, time, weather, how well the player is known, how far the errand is, and the topic.
It is put together from pieces that each depend on two or three of those, so that all of them have to be read to say it.
"""

from __future__ import annotations

from itertools import product

CHARACTERS = ["smith", "innkeeper", "guard", "witch", "merchant", "bard"]
TIMES = ["dawn", "noon", "dusk", "night"]
WEATHERS = ["clear", "rain", "fog"]
REPUTATIONS = ["stranger", "friend", "hero"]
STAGES = ["none", "given", "done", "paid"]
TOPICS = ["greeting", "wares", "rumour", "road", "past", "danger", "advice", "work"]

OPENERS = {
    "smith": ["the forge wakes again", "the iron is hot", "one last blade today", "the forge sleeps now"],
    "innkeeper": ["the bread is warm", "sit by the door", "the fire is warm", "eat now and sleep"],
    "guard": ["the gate is open", "keep to the road", "the gate closes soon", "who walks so late"],
    "witch": ["the raven goes home", "the sun is loud", "the shadow is long", "the moon knows you"],
    "merchant": ["first coin brings luck", "the market is loud", "one last price today", "the market sleeps now"],
    "bard": ["a song before bread", "a song for coin", "a song by fire", "a song for stars"],
}

ADDRESSES = {
    "smith": ["stranger", "friend", "iron hero"],
    "innkeeper": ["traveller", "dear friend", "brave hero"],
    "guard": ["stranger", "good friend", "wall hero"],
    "witch": ["child", "dear child", "star hero"],
    "merchant": ["customer", "old friend", "silver hero"],
    "bard": ["traveller", "my friend", "song hero"],
}

# What the weather makes them think of: clear, rain, fog.
REMARKS = {
    "smith": [
        "a clear sky makes good steel",
        "rain eats a good blade",
        "in fog my hammer sounds far",
    ],
    "innkeeper": [
        "a clear sky brings hungry people",
        "rain brings guests to my house",
        "fog brings lost people here",
    ],
    "guard": [
        "a clear sky hides no thief",
        "rain hides the thieves",
        "in fog i trust my bell",
    ],
    "witch": [
        "the clear sky shows my star",
        "rain wakes the old tree",
        "the dead walk in fog",
    ],
    "merchant": [
        "a clear sky sells silk",
        "rain costs me silk and silver",
        "nobody sees a price in fog",
    ],
    "bard": [
        "a clear sky wants a song",
        "rain is a slow song",
        "fog hides the end of songs",
    ],
}

CLOSINGS = {
    "smith": ["watch the fire", "come back for steel", "my hammer is yours"],
    "innkeeper": ["clean your boots", "eat before you go", "your room is warm"],
    "guard": ["walk home now", "walk safe tonight", "the wall is yours"],
    "witch": ["take nothing from here", "drink this and go", "the stars are yours"],
    "merchant": ["first coin , then talk", "a fair price today", "my silver is yours"],
    "bard": ["one coin a song", "sing with me again", "the song is yours"],
}

# How they end while they wait for what they asked for.
REMINDERS = {
    "smith": "and bring my hammer",
    "innkeeper": "and bring my barrel",
    "guard": "and bring my lantern",
    "witch": "and bring my feather",
    "merchant": "and bring my ring",
    "bard": "and bring my string",
}

GREETING = {
    "smith": "my name is on half the blades in this valley",
    "innkeeper": "this house has a warm room and one old ghost",
    "guard": "i watch this gate by day and by night",
    "witch": "i knew your name before you came to my door",
    "merchant": "i sell what people lost and buy what they hide",
    "bard": "i know every song of the valley and every lie",
}

# By day and by night.
WARES = {
    "smith": [
        "i have a sharp blade and a good shield",
        "buy the black blade , it likes the dark",
    ],
    "innkeeper": [
        "i have warm bread , river fish and good ale",
        "there is only cold fish and ale so late",
    ],
    "guard": [
        "i sell nothing , look in the market",
        "nobody sells at the gate so late",
    ],
    "witch": [
        "i have a herb for pain and one for sleep",
        "i sell one dream tonight , the price is a memory",
    ],
    "merchant": [
        "i have silk , a map and salt from the sea",
        "for a late customer i open the black barrel",
    ],
    "bard": [
        "a song costs one coin , a long one three",
        "so late i only sell songs for thieves and stars",
    ],
}

# To strangers, and to those they know.
RUMOUR = {
    "smith": [
        "i hear only my hammer , and nothing more",
        "i sold a sword that sings to the moon",
    ],
    "innkeeper": [
        "my guests talk and i never listen",
        "the man in room nine never eats and never sleeps",
    ],
    "guard": [
        "i know what i know , and you do not",
        "there is a light in the tower every night",
    ],
    "witch": [
        "the raven sings to me and not to you",
        "the old king is not dead , he only waits",
    ],
    "merchant": [
        "a secret costs more coin than you have",
        "the silver of the temple is in my barrel",
    ],
    "bard": [
        "people say nothing , and i sing it well",
        "the end of the old song is a map",
    ],
}

# In fog, and otherwise.
ROAD = {
    "smith": [
        "walk from my forge to the river and the bridge",
        "wait here , the bridge eats people in fog",
    ],
    "innkeeper": [
        "walk to the bridge and wait at the old mill",
        "sleep here first , the road is not there today",
    ],
    "guard": [
        "the river road is safe , the forest road is not",
        "nobody walks now , the fog took three people",
    ],
    "witch": [
        "walk where the wolf walks and you will find water",
        "follow no voice , the forest has mine today",
    ],
    "merchant": [
        "the road to the sea is nine days long",
        "my map is half price , it shows no fog",
    ],
    "bard": [
        "every road is a song , this one is long",
        "sing loud , and the wolf goes home",
    ],
}

PAST = {
    "smith": "my father made the bell that rings at the gate",
    "innkeeper": "my father made this house from an old ship",
    "guard": "i was a thief once , so i know thieves",
    "witch": "i was old when the river was a dream",
    "merchant": "i lost a ship and found my luck here",
    "bard": "i sang for the king until i sang the truth",
}

# By day and by night.
DANGER = {
    "smith": [
        "the cave on the hill eats iron and brave people",
        "something in the dark wants my door but no iron",
    ],
    "innkeeper": [
        "fear the well , people hear a voice in it",
        "do not open your door when the bell rings nine",
    ],
    "guard": [
        "a wolf took three people at the mill",
        "i hear steps on the wall , and nobody is there",
    ],
    "witch": [
        "fear the man with no shadow , he wants your name",
        "tonight the dead walk to the river , do not look",
    ],
    "merchant": [
        "thieves watch the forest road , hide your coin",
        "at night the cave sells gold and takes your sleep",
    ],
    "bard": [
        "the ghost is only a song , thieves are not",
        "do not sing at the tower , something sings back",
    ],
}

ADVICE = {
    "smith": [
        "buy a shield first , a sword is for later",
        "clean your blade at dawn and your fear at night",
        "never take a sword for a king or for gold",
    ],
    "innkeeper": [
        "eat first and walk later , the dead are hungry",
        "trust no guest with clean boots and no coin",
        "a hero wants sleep , bread and a friend",
    ],
    "guard": [
        "keep your hands where i see them",
        "watch your coin , thieves are never loud",
        "the wall is as strong as who walks on it",
    ],
    "witch": [
        "never give your name to water or to fire",
        "give bread to the raven and it will find you",
        "when the star is low , find the black door",
    ],
    "merchant": [
        "watch your coin by day and your friends at night",
        "buy salt in rain and sell it in fog",
        "give half of it , gold wants good hands",
    ],
    "bard": [
        "one good song is the key to every door",
        "a lie wants a song , the truth wants no song",
        "walk well , i know how your song will end",
    ],
}

# Nothing yet, asked for, brought, paid. Only the first says "errand" and only the third says "reward".
WORK = {
    "smith": [
        "i have an errand , find my hammer in the cave",
        "my hammer is still in the cave , go and look",
        "my hammer ! here is your reward , a good blade",
        "no more work , my hammer sings again",
    ],
    "innkeeper": [
        "i have an errand , bring my barrel from the mill",
        "my barrel is still at the mill , go and look",
        "my barrel ! here is your reward , a warm room",
        "no more work , drink with me tonight",
    ],
    "guard": [
        "i have an errand , bring my lantern from the tower",
        "my lantern is still in the tower , go and look",
        "my lantern ! here is your reward , the black key",
        "no more work , the wall has light again",
    ],
    "witch": [
        "i have an errand , find a feather by the river",
        "the raven still has my feather , i hear it sing",
        "my feather ! here is your reward , a memory",
        "no more work , the feather sings , so do i",
    ],
    "merchant": [
        "i have an errand , find my ring in the well",
        "my ring is still in the well with my luck",
        "my ring ! here is your reward , salt and silver",
        "no more work , my luck is back , buy something",
    ],
    "bard": [
        "i have an errand , bring a string from the temple",
        "my string is still in the temple , go and look",
        "my string ! here is your reward , a long song",
        "no more work , now i only sing of you",
    ],
}

# When they ask nobody for anything: by time, weather or reputation.
REFUSALS = {
    "smith": ("time", "night", "nobody goes to the cave at night , come at dawn"),
    "innkeeper": ("weather", "rain", "nobody goes to the mill in rain , wait here"),
    "guard": ("reputation", "stranger", "i trust no stranger with the tower , walk home"),
    "witch": ("time", "noon", "i want nothing in the sun , come at night"),
    "merchant": ("reputation", "stranger", "i trust no stranger with my silver or my ring"),
    "bard": ("weather", "fog", "nobody goes to the temple in fog , not even you"),
}

Combination = tuple[int, int, int, int, int, int]


def combinations() -> list[Combination]:
    """Everything that can be asked: character, time, weather, reputation, stage, topic."""
    return list(product(*(range(len(x)) for x in (CHARACTERS, TIMES, WEATHERS, REPUTATIONS, STAGES, TOPICS))))


def offers(c: Combination) -> bool:
    """Whether somebody asks for an errand then."""
    who, time, weather, reputation, stage, topic = c
    if TOPICS[topic] != "work" or STAGES[stage] != "none":
        return False
    kind, value, _ = REFUSALS[CHARACTERS[who]]
    return {"time": TIMES[time], "weather": WEATHERS[weather], "reputation": REPUTATIONS[reputation]}[kind] != value


def body(c: Combination) -> str:
    who, time, weather, reputation, stage, topic = c
    name = CHARACTERS[who]
    match TOPICS[topic]:
        case "greeting":
            return GREETING[name]
        case "wares":
            return WARES[name][TIMES[time] == "night"]
        case "rumour":
            return RUMOUR[name][reputation > 0]
        case "road":
            return ROAD[name][WEATHERS[weather] == "fog"]
        case "past":
            return PAST[name]
        case "danger":
            return DANGER[name][TIMES[time] == "night"]
        case "advice":
            return ADVICE[name][reputation]
        case _:
            return REFUSALS[name][2] if STAGES[stage] == "none" and not offers(c) else WORK[name][stage]


def line(c: Combination) -> list[str]:
    """The words of a line, punctuation among them."""
    who, time, weather, reputation, stage, _ = c
    name = CHARACTERS[who]
    closing = REMINDERS[name] if STAGES[stage] == "given" else CLOSINGS[name][reputation]
    parts = [
        f"{OPENERS[name][time]} , {ADDRESSES[name][reputation]} .",
        f"{body(c)} .",
        f"{REMARKS[name][weather]} .",
        f"{closing} .",
    ]
    return " ".join(parts).split()


def vocabulary() -> list[str]:
    """Texts of the token ids: end, characters, skies, standings, topics, the words that move an errand, the others."""
    words = {word for c in combinations() for word in line(c)} - {"errand", "reward"}
    skies = [f"<{time} {weather}>" for time in TIMES for weather in WEATHERS]
    standings = [f"<{reputation} {stage}>" for reputation in REPUTATIONS for stage in STAGES]
    control = ["<end>", *(f"<{x}>" for x in CHARACTERS), *skies, *standings, *(f"<{x}>" for x in TOPICS)]
    return [*control, "errand", "reward", *sorted(words)]


FIRST_SKY = 1 + len(CHARACTERS)
FIRST_STANDING = FIRST_SKY + len(TIMES) * len(WEATHERS)
FIRST_TOPIC = FIRST_STANDING + len(REPUTATIONS) * len(STAGES)
FIRST_WORD = FIRST_TOPIC + len(TOPICS)


def prompt(c: Combination) -> list[int]:
    """The four tokens a line begins after."""
    who, time, weather, reputation, stage, topic = c
    return [1 + who, FIRST_SKY + 3 * time + weather, FIRST_STANDING + 4 * reputation + stage, FIRST_TOPIC + topic]
