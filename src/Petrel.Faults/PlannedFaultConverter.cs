using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Petrel.Faults;

/// <summary>
/// Reads and writes faults as JSON objects: <c>at</c>, <c>kind</c>, <c>target</c>, <c>duration</c>, and the parameters of the kind as
/// further fields. Unknown fields are rejected.
/// </summary>
/// <param name="registry">The kinds that can be read and written.</param>
public sealed class PlannedFaultConverter(FaultRegistry registry) : JsonConverter<PlannedFault>
{
    // The JSON names of the fields that every fault has.
    private static readonly string[] CommonFields = ["at", "kind", "target", "duration"];

    /// <inheritdoc/>
    public override PlannedFault Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var (common, parameters) = (new JsonObject(), new JsonObject());
        foreach (var field in JsonElement.ParseValue(ref reader).EnumerateObject())
        {
            var part = CommonFields.Contains(field.Name) ? common : parameters;
            if (!part.TryAdd(field.Name, JsonSerializer.SerializeToNode(field.Value, options)))
            {
                throw new JsonException($"A fault has the field \"{field.Name}\" twice.");
            }
        }
        var fault = common.Deserialize<CommonPart>(options)!;
        var definition = registry.Find(fault.Kind)
            ?? throw new JsonException(
                $"There is no kind of fault \"{fault.Kind}\"; there are {string.Join(", ", registry.All.Select(d => d.Name))}."
            );
        return new()
        {
            At = fault.At,
            Kind = definition.Name,
            Target = fault.Target,
            Duration = fault.Duration,
            Parameters = (FaultParameters)parameters.Deserialize(definition.ParametersType, options)!,
        };
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, PlannedFault value, JsonSerializerOptions options)
    {
        var common = new CommonPart(value.At, value.Kind, value.Target, value.Duration);
        writer.WriteStartObject();
        WriteFields(writer, JsonSerializer.SerializeToElement(common, options));
        WriteFields(writer, JsonSerializer.SerializeToElement(value.Parameters, registry.DefinitionOf(value).ParametersType, options));
        writer.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter writer, JsonElement fields)
    {
        foreach (var field in fields.EnumerateObject())
        {
            field.WriteTo(writer);
        }
    }

    private sealed record CommonPart(
        [property: JsonRequired] TimeSpan At,
        [property: JsonRequired] string Kind,
        string Target = "",
        TimeSpan Duration = default
    );
}
