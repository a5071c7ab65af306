"""An engine whose behaviour is known exactly: how far are the harness's figures from it, and does it notice faults?"""
