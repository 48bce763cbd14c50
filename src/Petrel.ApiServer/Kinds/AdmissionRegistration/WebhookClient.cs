using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.AdmissionRegistration;

/// <summary>The rules of where a webhook is: a URL, or a Service of the cluster.</summary>
internal static class WebhookClient
{
    private const string Form = "; desired format: https://host[/path]";

    public static void Validate(JsonObject? client, string path, FieldErrors errors)
    {
        if (client.Has("url") == client.Has("service"))
        {
            errors.Required(path, "exactly one of url or service is required");
        }
        else if (client.Has("url"))
        {
            Url(client.Text("url"), $"{path}.url", errors);
        }
        else
        {
            Service(client.Child("service"), $"{path}.service", errors);
        }
    }

    private static void Url(string url, string path, FieldErrors errors)
    {
        if (!Uri.TryCreate(url, UriKind.RelativeOrAbsolute, out var uri))
        {
            errors.Required(path, "url must be a valid URL" + Form);
            return;
        }
        // A URL without scheme has no host either.
        var (scheme, host) = uri.IsAbsoluteUri && !url.StartsWith('/') ? (uri.Scheme, uri.Host) : ("", "");
        if (scheme != "https")
        {
            errors.Invalid(path, scheme, "'https' is the only allowed URL scheme" + Form);
        }
        if (host.Length == 0)
        {
            errors.Invalid(path, host, "host must be specified" + Form);
            return;
        }
        if (uri.UserInfo.Length > 0)
        {
            errors.Invalid(path, uri.UserInfo, "user information is not permitted in the URL");
        }
        if (uri.Fragment.Length > 1)
        {
            errors.Invalid(path, uri.Fragment[1..], "fragments are not permitted in the URL");
        }
        if (uri.Query.Length > 1)
        {
            errors.Invalid(path, uri.Query[1..], "query parameters are not permitted in the URL");
        }
    }

    private static void Service(JsonObject? service, string path, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace"])
        {
            if (service.Text(name).Length == 0)
            {
                errors.Required($"{path}.{name}", $"service {name} is required");
            }
        }
        if (service.Number("port") is { } port && NameSyntax.PortProblem(port) is { } problem)
        {
            errors.Invalid($"{path}.port", port, $"port is not valid: {problem}");
        }
        if (service.Has("path"))
        {
            Steps(service.Text("path"), $"{path}.path", errors);
        }
    }

    private static void Steps(string text, string path, FieldErrors errors)
    {
        if (text is "/" or "")
        {
            return;
        }
        if (text == "//")
        {
            errors.Invalid(path, text, "segment[0] may not be empty");
            return;
        }
        if (!text.StartsWith('/'))
        {
            errors.Invalid(path, text, "must start with a '/'");
        }
        var steps = (text.StartsWith('/') ? text[1..] : text).TrimEnd('/').Split('/');
        for (var i = 0; i < steps.Length; i++)
        {
            if (steps[i].Length == 0)
            {
                errors.Invalid(path, text, $"segment[{i}] may not be empty");
            }
            else if (NameSyntax.SubdomainProblem(steps[i]) is { } problem)
            {
                errors.Invalid(path, text, $"segment[{i}]: {problem}");
            }
        }
    }
}
