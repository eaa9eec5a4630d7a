"""Pictures of the dashboard for the README, and of every screen for whoever wants to look at them."""
