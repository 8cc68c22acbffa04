"""What each desktop does in its own way: notifications, one instance, links, start at login, whether anybody is there.

Each thing has one interface here and a module for each way of doing it; `app` joins them to the window.
"""
