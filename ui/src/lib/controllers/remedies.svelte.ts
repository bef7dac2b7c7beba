/**
 * Carries out the one thing to do that an error offers.
 */
import type { Remedy } from "../state/errors";
import { useApp, type AppController } from "./app.svelte";

/** For components: the deed for a remedy. */
export function useRemedies(): (remedy: Remedy) => void {
  const app = useApp();
  return (remedy) => carryOut(app, remedy);
}

function carryOut(app: AppController, remedy: Remedy): void {
  const provider = app.state?.settings.provider ?? null;
  switch (remedy) {
    case "add_key":
    case "replace_key":
    case "check_address":
      return app.navigation.openSettings("providers", provider);
    case "choose_model":
      return app.navigation.show({ kind: "models", purpose: "here" });
    case "answer_again":
      return void app.composer.answerAgain();
    case "new_conversation":
      return app.navigation.openConversation(null);
    case "voice_settings":
      return app.navigation.openSettings("voice");
    case "notes_settings":
      return app.navigation.openSettings("notes");
    case "sound_settings":
      return app.navigation.openSettings("sound");
  }
}
