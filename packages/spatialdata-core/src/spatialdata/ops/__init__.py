"""Operations on elements: queries, aggregation, extents, transformation."""
