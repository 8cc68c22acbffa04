"""The REST door: decode, one service call, encode (contract, REST)."""
