import Relay
print(hookswitchVersion)
