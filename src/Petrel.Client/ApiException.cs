using k8s.Models;

namespace Petrel.Client;

/// <summary>The API refused a request; <see cref="Status"/> is its reason.</summary>
public sealed class ApiException(int statusCode, V1Status status) : Exception($"{status.Message} ({statusCode} {status.Reason})")
{
    public int StatusCode { get; } = statusCode;
    public V1Status Status { get; } = status;

    public bool IsNotFound => StatusCode == 404;

    /// <summary>The resourceVersion or uid that the write was based on is no longer the newest.</summary>
    public bool IsConflict => StatusCode == 409 && Status.Reason == "Conflict";

    public bool IsAlreadyExists => StatusCode == 409 && Status.Reason == "AlreadyExists";

    /// <summary>The asked-for resourceVersion is too old: list again.</summary>
    public bool IsGone => StatusCode == 410;
}
