using System.Globalization;
using Petrel.Model.Api;

namespace Petrel.Agent.Logs;

/// <summary>The options of a log request (upstream: PodLogOptions).</summary>
public sealed record LogOptions
{
    public bool Follow { get; init; }
    public bool Previous { get; init; }

    /// <summary>Whether each line starts with its RFC 3339 timestamp.</summary>
    public bool Timestamps { get; init; }

    /// <summary>The number of lines to return from the end of the log; null for all.</summary>
    public long? TailLines { get; init; }

    /// <summary>The maximum number of bytes to return; null for all.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>The time of the oldest line to return; null for all.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Parses the query parameters of a request.</summary>
    /// <exception cref="FormatException">A value is malformed.</exception>
    public static LogOptions Parse(ApiRequest request, DateTimeOffset now)
    {
        DateTimeOffset? since = null;
        if (Number(request, "sinceSeconds") is { } seconds)
        {
            since = now - TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.SecondsPerDay * 36500L));
        }
        else if (request.QueryValue("sinceTime") is { Length: > 0 } text)
        {
            since = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                ? at
                : throw new FormatException($"sinceTime: \"{text}\" is not an RFC 3339 time");
        }
        return new()
        {
            Follow = request.QueryValue("follow") == "true",
            Previous = request.QueryValue("previous") == "true",
            Timestamps = request.QueryValue("timestamps") == "true",
            TailLines = Number(request, "tailLines"),
            LimitBytes = Number(request, "limitBytes"),
            Since = since,
        };
    }

    private static long? Number(ApiRequest request, string name) =>
        request.QueryValue(name) is not { Length: > 0 } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new FormatException($"{name}: \"{text}\" is not a whole number");
}
