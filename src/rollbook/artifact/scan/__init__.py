"""May an artifact be loaded: which names would unpickling it import, and is each of them on the list?"""
