"""Cards of any size and content, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.views.card import (
    Action,
    ActionStyle,
    Bar,
    Card,
    Chart,
    ChoiceInput,
    Divider,
    Fact,
    Facts,
    FlagInput,
    Image,
    Link,
    LookupInput,
    LookupSource,
    Option,
    Progress,
    Row,
    Table,
    Text,
    TextInput,
    TextStyle,
    Tone,
)

URL = "https://desk.example/console/tickets/1001"

_small = st.text(max_size=12)
_any = st.one_of(
    _small,
    st.integers(0, 4000).map(lambda count: "Wort " * (count // 5)),
    st.sampled_from(["😀" * 4000, "ä" * 5000, '"' * 4000, "<&>" * 1500, "\\" * 3000, "{{" * 2000, "\n" * 500]),
)
_tones = st.sampled_from(Tone)
_arguments = st.dictionaries(st.sampled_from(["ticket", "page", "draft"]), st.text("0123456789abcdef-", max_size=36))


def _many_options(few: list[Option]) -> list[Option]:
    return [each.model_copy(update={"value": f"{number}"}) for number, each in enumerate(few * 20)]


actions = st.builds(
    Action,
    label=_any,
    command=st.sampled_from(["take", "reply", "show"]),
    arguments=_arguments,
    style=st.sampled_from(ActionStyle),
    opens_form=st.booleans(),
    is_more=st.booleans(),
    confirm=st.none() | _any,
)
links = st.builds(Link, label=_any, url=st.just(URL), is_more=st.booleans())
_rows = st.builds(
    Row,
    cells=st.tuples(_any, _any, _any),
    action=st.none() | actions,
    url=st.none() | st.just(URL),
    tone=_tones,
)
_shown = st.one_of(
    st.builds(Text, text=_any, style=st.sampled_from(TextStyle), tone=_tones),
    st.builds(
        Facts,
        facts=st.lists(st.builds(Fact, label=_any, value=_any, tone=_tones), max_size=5).map(
            lambda few: tuple(few * 5)
        ),
    ),
    st.builds(Progress, label=_any, share=st.floats(0, 1), text=_any, tone=_tones),
    st.builds(
        Table, columns=st.tuples(_any, _any, _any), rows=st.lists(_rows, max_size=6).map(lambda few: few * 5).map(tuple)
    ),
    st.builds(
        Chart,
        title=_any,
        bars=st.lists(st.builds(Bar, label=_any, value=st.floats(0, 1e9), text=_any, tone=_tones), max_size=4).map(
            lambda few: tuple(few * 5)
        ),
    ),
    st.builds(Image, url=st.just("https://desk.example/a.png"), alt=_any),
    st.just(Divider()),
)
# The same few again and again: more than fits, at little cost.
_many = st.lists(_shown, min_size=1, max_size=3).map(lambda few: tuple(few) * 20)
_options = st.lists(st.builds(Option, value=st.uuids().map(str), label=_any), min_size=1, max_size=6).map(_many_options)
_inputs = st.one_of(
    st.builds(TextInput, name=st.just("n"), label=_any, value=_any, hint=_any, is_multiline=st.booleans()),
    _options.map(lambda options: ChoiceInput(name="n", label="x", options=tuple(options), value=options[-1].value)),
    st.builds(
        LookupInput,
        name=st.just("n"),
        label=_any,
        source=st.sampled_from(LookupSource),
        chosen=st.none() | st.builds(Option, value=st.just("17"), label=_any),
    ),
    st.builds(FlagInput, name=st.just("n"), label=_any, value=st.booleans()),
)


def _named(inputs: list[TextInput | ChoiceInput | LookupInput | FlagInput]) -> tuple[object, ...]:
    return tuple(each.model_copy(update={"name": f"input{place}"}) for place, each in enumerate(inputs))


def _card(heading: str, summary: str, note: str, tone: Tone, url: str | None, **parts: tuple[object, ...]) -> Card:
    elements = (*parts["shown"], *parts["inputs"])
    given = {"heading": heading, "summary": summary, "note": note, "tone": tone, "url": url}
    return Card.model_validate(given | {"elements": elements, "actions": parts["actions"]})


cards = st.builds(
    _card,
    _any,
    _any,
    _any,
    _tones,
    st.none() | st.just(URL),
    shown=st.lists(_shown, max_size=5).map(tuple) | _many,
    inputs=st.just(()),
    actions=st.lists(st.one_of(actions, links), max_size=8).map(tuple),
)
forms = st.builds(
    _card,
    _any,
    _any,
    _any,
    _tones,
    st.none(),
    shown=st.lists(_shown, max_size=3).map(tuple),
    inputs=st.lists(_inputs, min_size=1, max_size=6).map(_named),
    actions=st.lists(actions, min_size=1, max_size=3).map(tuple),
)
