-- pg_restore computes the generated search column with an empty search_path: what words() calls must be named in full.
create or replace function words(value text) returns text[] language plpgsql immutable strict parallel safe as $$
begin
  return array(
    select left(word, 64)
    from regexp_split_to_table(product.fold(value), '[\s!-/:-@\[-`{-~\u00a0-\u00bf\u2000-\u206f\u3000-\u303f]+') word
    where word <> ''
  );
end $$;
