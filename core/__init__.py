"""The rules, the state, the use cases and the REST API of the product. Imports nothing of the folders around it."""
