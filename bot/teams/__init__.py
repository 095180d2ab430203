"""Teams: activities to requests, cards to Adaptive Cards. The only place that knows botbuilder."""
