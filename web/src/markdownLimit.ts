/** Characters of a conversation. Reading more as Markdown at each change would be felt. A file of its own, since `markdown.ts` is loaded late. */
export const MAX_MARKDOWN = 50_000
