// Draws Adaptive Cards with Microsoft's own library, and says what it had to say about them.

function drawCard(card, hostConfig) {
  // What reaches this is read as Markdown: our own words may, what people write may not.
  const markdown = [];
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    markdown.push(text);
    result.outputHtml = text;
    result.didProcess = true;
  };
  const drawn = new AdaptiveCards.AdaptiveCard();
  drawn.hostConfig = new AdaptiveCards.HostConfig(hostConfig);
  const context = new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5);
  drawn.parse(card, context);
  const events = [];
  for (let at = 0; at < context.eventCount; at++) {
    events.push(context.getEventAt(at).message);
  }
  drawn.validateProperties().validationEvents.forEach((event) => events.push(event.message));
  const place = document.createElement("main");
  document.body.replaceChildren(place);
  place.append(drawn.render());
  return { events, markdown };
}
