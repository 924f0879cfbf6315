/** All words that people read, by view. */

export const shellWords = {
  product: 'Prompt gallery',
}
