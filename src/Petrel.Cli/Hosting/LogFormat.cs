using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Petrel.Cli.Hosting;

/// <summary>One log entry, however it is written.</summary>
internal sealed record LogEntry(
    DateTimeOffset Time,
    LogLevel Level,
    string Category,
    int EventId,
    string Message,
    IEnumerable<KeyValuePair<string, object?>> Fields,
    Exception? Exception
);

/// <summary>Writes log entries as lines of text, or as JSON with the members of Kubernetes' JSON log format.</summary>
internal static class LogFormat
{
    /// <summary>The environment variable that selects the format, which child processes inherit.</summary>
    public const string Variable = "PETREL_LOG_FORMAT";

    // The original message is in the entry already.
    private const string Template = "{OriginalFormat}";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether entries are written as JSON.</summary>
    public static bool IsJson => Environment.GetEnvironmentVariable(Variable) == "json";

    /// <summary>A line of text; what an exception has to say follows in further lines.</summary>
    public static string Text(LogEntry entry)
    {
        var detail = entry.Exception is null ? "" : $"\n{entry.Exception}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{entry.Time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} {entry.Level} {entry.Category}[{entry.EventId}] {entry.Message}{detail}"
        );
    }

    /// <summary>
    /// A JSON object in one line: <c>ts</c> in milliseconds since 1970, <c>logger</c>, <c>msg</c>, the fields of the message, and
    /// <c>err</c> for errors or <c>v</c>, the verbosity, for everything else.
    /// </summary>
    public static string Json(LogEntry entry)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteNumber("ts", (entry.Time - DateTimeOffset.UnixEpoch).TotalMilliseconds);
            writer.WriteString("logger", entry.Category);
            writer.WriteString("msg", entry.Message);
            writer.WriteString("level", entry.Level.ToString().ToLowerInvariant());
            writer.WriteNumber("event", entry.EventId);
            foreach (var (name, value) in entry.Fields.Where(static f => f.Key != Template).DistinctBy(static f => f.Key))
            {
                Write(writer, JsonNamingPolicy.CamelCase.ConvertName(name), value);
            }
            if (entry.Level >= LogLevel.Error || entry.Exception is not null)
            {
                writer.WriteString("err", entry.Exception?.ToString() ?? entry.Message);
            }
            else
            {
                writer.WriteNumber("v", entry.Level >= LogLevel.Information ? 0 : 4);
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, string name, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNull(name);
                break;
            case bool flag:
                writer.WriteBoolean(name, flag);
                break;
            case int or long or short or byte:
                writer.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumber(name, number);
                break;
            default:
                writer.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
