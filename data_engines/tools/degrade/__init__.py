"""Clean drawings as scanners, cameras, screens and faxes show them: `families.degrade` and its effects.

An effect takes a picture, grey or RGB, an amount from 0 to 1 and the source of chance, and gives the picture
with the effect. Of those that move what is in a picture, `moves` says where every point goes.
"""
