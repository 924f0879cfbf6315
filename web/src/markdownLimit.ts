/**
 * Reading more Markdown than this at each change would be felt. It is apart from the Markdown, which is loaded when it is needed.
 */
export const MAX_MARKDOWN = 50_000
