using Petrel.Client;

namespace Petrel.Controllers.Framework;

/// <summary>The messages of errors in events, and what they mean for controllers.</summary>
internal static class ErrorMessages
{
    /// <summary>The message for an event: the API's own, where there is one.</summary>
    public static string Of(Exception error) => error is ApiException { Status.Message: { } message } ? message : error.Message;

    /// <summary>Whether a create was refused because the namespace is being deleted. Nothing can be created in it any more.</summary>
    public static bool IsNamespaceTerminating(this ApiException error) =>
        error.Status.Details?.Causes?.Any(c => c.Reason == "NamespaceTerminating") == true;
}
