"""The pure domain of the registry: entities, rules, use cases, and the ports that adapters implement."""
