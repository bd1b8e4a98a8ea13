import EventJSON
