using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace Petrel.Cli.Output;

/// <summary>Prints a command's result for programs, as JSON or YAML with the same data.</summary>
internal static class StructuredOutput
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static IReadOnlyList<string> Formats { get; } = ["json", "yaml"];

    public static void Write(TextWriter output, string format, JsonNode document)
    {
        if (format == "yaml")
        {
            // Quote strings that YAML would parse as another type ("true", "1.35").
            new SerializerBuilder().WithQuotingNecessaryStrings().Build().Serialize(output, Plain(document)!);
        }
        else
        {
            output.WriteLine(document.ToJsonString(Indented));
        }
    }

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
