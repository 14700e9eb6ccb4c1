"""Free SQL over the catalog, guarded: a statement is refused unless every part of it is known to be harmless,
and what runs reaches nothing but the rows and columns its asker may see."""
