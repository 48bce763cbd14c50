using Petrel.Model.Api;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Requests;

/// <summary>
/// What a request asks for, read from its method, path and query alone (upstream: apiserver's RequestInfo): what authorisation
/// and routing go by.
/// </summary>
/// <param name="IsResource">False for paths outside <c>/api/V/…</c> and <c>/apis/G/V/…</c>, where only Path and Verb count.</param>
/// <param name="Verb">get, list, watch, create, update, patch, delete or deletecollection; for other paths the method in lower
/// case.</param>
public sealed record RequestInfo(
    string Path,
    bool IsResource,
    string Verb,
    string Group = "",
    string Version = "",
    string Namespace = "",
    string Resource = "",
    string Name = "",
    string Subresource = ""
)
{
    /// <summary>Whether it is about a namespace itself, whose own name is the namespace of the request.</summary>
    public bool IsNamespace => Resource == "namespaces";

    /// <summary>The only name that the field selector of a list or watch lets through; empty when it does not name one.</summary>
    public string SelectedName { get; init; } = "";

    /// <summary>
    /// The object that authorization judges: the one in the path, or the one that a list or watch selects. So rules with
    /// <c>resourceNames</c> allow lists and watches of those objects.
    /// </summary>
    public string AuthorizedName => Name.Length > 0 ? Name : SelectedName;

    /// <summary>Reads a request.</summary>
    public static RequestInfo Parse(ApiRequest request)
    {
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var (group, version, rest) = parts switch
        {
            ["api", var v, .. var tail] => ("", v, tail),
            ["apis", var g, var v, .. var tail] => (g, v, tail),
            _ => ("", "", []),
        };
        if (rest.Length == 0)
        {
            return new(request.Path, false, request.Method.ToLowerInvariant());
        }
        // The deprecated paths of watches, which come before the namespace.
        var watches = rest is ["watch", _, ..] && request.Method is ("GET" or "HEAD");
        if (watches)
        {
            rest = rest[1..];
        }
        var namespaceName = "";
        // Below a namespace, unless it is the namespace itself or one of its own subresources.
        if (rest is ["namespaces", var ns, var next, ..] && !(rest.Length == 3 && next is "status" or "finalize"))
        {
            namespaceName = ns;
            rest = rest[2..];
        }
        var resource = rest[0];
        var name = rest.Length > 1 ? rest[1] : "";
        var subresource = rest.Length > 2 ? string.Join('/', rest[2..]) : "";
        if (rest is ["namespaces", var own, ..])
        {
            // Authorization treats the namespace object as part of that namespace.
            namespaceName = own;
        }
        var verb = watches ? "watch" : VerbOf(request, name);
        return new(request.Path, true, verb, group, version, namespaceName, resource, name, subresource)
        {
            SelectedName = name.Length == 0 && verb is ("list" or "watch") ? SelectedBy(request.QueryValue("fieldSelector")) : "",
        };
    }

    private static string SelectedBy(string? fieldSelector)
    {
        if (string.IsNullOrEmpty(fieldSelector))
        {
            return "";
        }
        try
        {
            var name = FieldSelector
                .Parse(fieldSelector)
                .Requirements.FirstOrDefault(r => r is { Field: "metadata.name", Negated: false })
                ?.Value;
            return name is null or "." or ".." || name.AsSpan().ContainsAny('/', '%') ? "" : name;
        }
        catch (FormatException)
        {
            // The handler refuses the selector.
            return "";
        }
    }

    private static string VerbOf(ApiRequest request, string name) =>
        request.Method switch
        {
            "GET" or "HEAD" when IsTrue(request.QueryValue("watch")) => "watch",
            "GET" or "HEAD" => name.Length > 0 ? "get" : "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => name.Length > 0 ? "delete" : "deletecollection",
            _ => "",
        };

    /// <summary>A boolean query parameter, as upstream reads one.</summary>
    public static bool IsTrue(string? value) =>
        value is not null && !value.Equals("false", StringComparison.OrdinalIgnoreCase) && value != "0";
}
