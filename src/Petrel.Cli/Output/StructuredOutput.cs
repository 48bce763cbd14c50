using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace Petrel.Cli.Output;

/// <summary>Prints what a command read, for programs: JSON or YAML, the same data in both.</summary>
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
            // Strings that would read as something else ("true", "1.35") are quoted.
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
