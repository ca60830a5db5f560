// Creates a few tasks of several models as a job would, with the official SDK: node plan.mjs BASE_URL KEY
import RunwayML from "@runwayml/sdk";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new RunwayML({ baseURL, apiKey, maxRetries: 0 });
const image = "https://example.com/harbour.png";

for (const duration of [5, 10]) {
  await client.textToVideo.create({ model: "gen4.5", promptText: "PROMPT", ratio: "1280:720", duration });
}
await client.imageToVideo.create({
  model: "gen4_turbo",
  promptImage: [{ uri: image, position: "first" }],
  promptText: "PROMPT",
  ratio: "1280:720",
  duration: 5,
  contentModeration: { publicFigureThreshold: "low" },
});
await client.textToImage.create({
  model: "gen4_image",
  promptText: "PROMPT of @model",
  ratio: "1920:1080",
  referenceImages: [{ uri: image, tag: "model" }],
});
