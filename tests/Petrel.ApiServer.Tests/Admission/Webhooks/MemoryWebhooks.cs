using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

/// <summary>Webhooks without a network: each answers at the path of its URL.</summary>
internal sealed class MemoryWebhooks : IWebhookCaller
{
    private readonly Dictionary<string, Func<JsonObject, CancellationToken, ValueTask<JsonObject>>> _hooks = [];

    /// <summary>The paths that were called, in order.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>The questions, in order.</summary>
    public List<JsonObject> Questions { get; } = [];

    public List<WebhookEndpoint> Endpoints { get; } = [];

    /// <summary>A webhook's answer to a request: the members of the response besides uid.</summary>
    public void Add(string path, Func<JsonObject, string> answer) =>
        _hooks[path] = (request, _) => ValueTask.FromResult(JsonNode.Parse(answer(request))!.AsObject());

    public void Add(string path, Func<JsonObject, CancellationToken, ValueTask<JsonObject>> answer) => _hooks[path] = answer;

    /// <summary>The response that allows, with these changes.</summary>
    public static string Patch(string operations) =>
        $$"""{"allowed":true,"patchType":"JSONPatch","patch":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(operations))}}"}""";

    public async ValueTask<WebhookReply> PostAsync(WebhookEndpoint endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var path = endpoint.Url.AbsolutePath;
        var question = JsonNode.Parse(body.Span)!.AsObject();
        lock (Calls)
        {
            Calls.Add(path);
            Questions.Add(question);
            Endpoints.Add(endpoint);
        }
        if (!_hooks.TryGetValue(path, out var answer))
        {
            throw new IOException("connection refused");
        }
        var response = await answer(question.Child("request")!, cancellationToken);
        response["uid"] = question["request"]!["uid"]!.DeepClone();
        return new(
            200,
            Encoding.UTF8.GetBytes(
                new JsonObject
                {
                    ["apiVersion"] = question["apiVersion"]!.DeepClone(),
                    ["kind"] = "AdmissionReview",
                    ["response"] = response,
                }.ToJsonString()
            )
        );
    }
}
