using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Petrel.Faults;
using Petrel.Faults.Definitions;

namespace Petrel.Simulation.Plans;

/// <summary>
/// Plans as text: JSON with one line for each operation and fault, so that people can read and edit it, and comments for them. Times are
/// <c>[d.]hh:mm:ss[.fffffff]</c> since the start of the run.
/// </summary>
public static class PlanFile
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        IgnoreReadOnlyProperties = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new PlannedFaultConverter(BuiltInFaults.Registry) },
    };

    /// <summary>A plan's text. Each of <paramref name="comments"/> becomes a line on top.</summary>
    public static string Write(RunPlan plan, params IEnumerable<string> comments)
    {
        var text = new StringBuilder();
        foreach (var line in comments.SelectMany(c => c.ReplaceLineEndings("\n").Split('\n')))
        {
            text.Append("// ").Append(line).Append('\n');
        }
        text.Append("{\n");
        Field(text, "format", plan.Format);
        Field(text, "scenario", plan.Scenario);
        Field(text, "seed", plan.Seed);
        Field(text, "world", plan.World);
        Field(text, "faultsEnd", plan.FaultsEnd);
        if (plan.Finding is { } finding)
        {
            Field(text, "finding", finding);
        }
        Lines(text, "operations", plan.Operations);
        text.Append(",\n");
        Lines(text, "faults", plan.Faults);
        return text.Append("\n}\n").ToString();
    }

    /// <summary>Reads a plan.</summary>
    /// <exception cref="FormatException">The text is no plan that this program understands; the message says why.</exception>
    public static RunPlan Read(string text)
    {
        try
        {
            var plan = JsonSerializer.Deserialize<RunPlan>(text, Json) ?? throw new FormatException("the file says null");
            return plan.Format == RunPlan.CurrentFormat
                ? plan
                : throw new FormatException($"its format is {plan.Format}, and this program reads format {RunPlan.CurrentFormat}");
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static void Field<T>(StringBuilder text, string name, T value) =>
        text.Append("  \"").Append(name).Append("\": ").Append(Spaced(value)).Append(",\n");

    private static void Lines<T>(StringBuilder text, string name, IReadOnlyList<T> values)
    {
        text.Append("  \"").Append(name).Append("\": [");
        for (var i = 0; i < values.Count; i++)
        {
            text.Append(i == 0 ? "\n    " : ",\n    ").Append(Spaced(values[i]));
        }
        text.Append(values.Count == 0 ? "]" : "\n  ]");
    }

    private static string Spaced<T>(T value) => JsonSerializer.Serialize(value, Json);
}
