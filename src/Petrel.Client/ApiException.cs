using k8s.Models;

namespace Petrel.Client;

/// <summary>The API refused a request. <see cref="Status"/> holds the reason.</summary>
public sealed class ApiException(int statusCode, V1Status status) : Exception($"{status.Message} ({statusCode} {status.Reason})")
{
    public int StatusCode { get; } = statusCode;
    public V1Status Status { get; } = status;

    public bool IsNotFound => StatusCode == 404;

    /// <summary>The write was based on a resourceVersion or uid that is no longer current.</summary>
    public bool IsConflict => StatusCode == 409 && Status.Reason == "Conflict";

    public bool IsAlreadyExists => StatusCode == 409 && Status.Reason == "AlreadyExists";

    /// <summary>The requested resourceVersion is too old: list again.</summary>
    public bool IsGone => StatusCode == 410;
}
