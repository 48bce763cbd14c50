using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using YamlDotNet.Serialization;

namespace Petrel.ApiServer.Responses;

/// <summary>Responses as YAML, for clients that ask for <c>application/yaml</c>.</summary>
internal static class YamlForm
{
    // Strings that YAML would read as another type are quoted, those of YAML 1.1 ("yes") too.
    private static readonly ISerializer Writer = new SerializerBuilder()
        .WithQuotingNecessaryStrings(quoteYaml1_1Strings: true)
        .DisableAliases()
        .WithMaximumRecursion(1000)
        .Build();

    /// <summary>Answers as the client prefers; refusals of the handler too.</summary>
    public static ValueTask<ApiResponse> AnswerAsync(ApiRequest request, Func<ApiRequest, ValueTask<ApiResponse>> handle) =>
        AcceptHeader.PrefersYaml(request.Accept) ? ConvertAsync(request, handle) : handle(request);

    private static async ValueTask<ApiResponse> ConvertAsync(ApiRequest request, Func<ApiRequest, ValueTask<ApiResponse>> handle)
    {
        try
        {
            return Of(await handle(request));
        }
        catch (StatusException e)
        {
            return Of(e.ToResponse());
        }
    }

    private static ApiResponse Of(ApiResponse response) =>
        response is { Stream: null, ContentType: "application/json", Body.IsEmpty: false }
            ? response with
            {
                ContentType = "application/yaml",
                Body = System.Text.Encoding.UTF8.GetBytes(Writer.Serialize(Plain(DeepJson.Node(response.Body.Span)))),
            }
            : response;

    private static object? Plain(JsonNode? node) =>
        node switch
        {
            null => null,
            JsonObject map => map.ToDictionary(member => member.Key, member => Plain(member.Value)),
            JsonArray list => list.Select(Plain).ToList(),
            _ => node.GetValueKind() switch
            {
                JsonValueKind.String => node.GetValue<string>(),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => long.TryParse(node.ToJsonString(), out var whole) ? whole : node.Deserialize<double>(),
            },
        };
}
