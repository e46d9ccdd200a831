/** What a worker fetches. */
import templates from '@tabllama/chat/known-templates.json' with { type: 'json' };

export const knownTemplates = async () => templates;
