"""The demo tenant: a real-estate company with a history, for whoever wants to see SalesOS before a CRM is connected."""
