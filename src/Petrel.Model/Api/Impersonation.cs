namespace Petrel.Model.Api;

/// <summary>
/// The user that a request's <c>Impersonate-</c> headers ask to act as (<c>kubectl --as</c>). The caller's permission to impersonate has
/// not been checked yet.
/// </summary>
/// <param name="User">The Impersonate-User header.</param>
/// <param name="Groups">The Impersonate-Group headers; the header may repeat.</param>
/// <param name="Uid">The Impersonate-Uid header.</param>
/// <param name="Extra">The Impersonate-Extra-KEY headers: the keys in lower case and decoded, in order.</param>
public sealed record Impersonation(
    string User,
    IReadOnlyList<string> Groups,
    string Uid,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Extra
);
