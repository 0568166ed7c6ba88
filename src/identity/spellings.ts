/** A name as it is written and in small letters: who writes it in capitals is found, or kept out, as well. */
export function spellings(name: string): readonly string[] {
  const lower = name.toLowerCase()
  return lower === name ? [name] : [name, lower]
}
