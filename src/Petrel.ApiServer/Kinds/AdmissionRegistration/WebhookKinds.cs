using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.AdmissionRegistration;

/// <summary>admissionregistration.k8s.io/v1 MutatingWebhookConfiguration and ValidatingWebhookConfiguration.</summary>
internal static class WebhookKinds
{
    private static readonly string[] Operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] Scopes = ["*", "Cluster", "Namespaced"];

    public static KindDefinition Mutating { get; } = Row("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", mutating: true);

    public static KindDefinition Validating { get; } = Row("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", mutating: false);

    private static KindDefinition Row(string kind, string plural, bool mutating) =>
        BuiltInKinds.Row("admissionregistration.k8s.io", "v1", kind, plural, namespaced: false) with
        {
            Categories = ["api-extensions"],
            HasGeneration = true,
            Default = value => Default(value, mutating),
            Validate = (value, _, errors) => Validate(value, mutating, errors),
            Columns = [Name, Shown("Webhooks", "How many webhooks it has.", static o => o.Count("webhooks"), "integer"), Age],
        };

    private static void Default(JsonObject value, bool mutating)
    {
        foreach (var hook in value.Objects("webhooks"))
        {
            hook.Fill("failurePolicy", "Fail");
            hook.Fill("matchPolicy", "Equivalent");
            hook.Ensure("namespaceSelector");
            hook.Ensure("objectSelector");
            hook.Fill("timeoutSeconds", 10);
            if (mutating)
            {
                hook.Fill("reinvocationPolicy", "Never");
            }
            foreach (var rule in hook.Objects("rules"))
            {
                rule.Fill("scope", "*");
            }
            hook.Child("clientConfig").Child("service")?.Fill("port", 443);
        }
    }

    private static void Validate(JsonObject value, bool mutating, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (hook, dotted) in value.Indexed("webhooks", ""))
        {
            var path = dotted[1..];
            var name = hook.Text("name");
            if (name.Length == 0)
            {
                errors.Required($"{path}.name");
            }
            else if (NameSyntax.SubdomainProblem(name) is { } problem)
            {
                errors.Invalid($"{path}.name", name, problem);
            }
            else if (name.Count(c => c == '.') < 2)
            {
                errors.Invalid($"{path}.name", name, "should be a domain with at least three segments separated by dots");
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{path}.name", name);
            }
            var versions = hook.Texts("admissionReviewVersions").ToList();
            if (versions.Count == 0)
            {
                errors.Required($"{path}.admissionReviewVersions", "must specify one of v1, v1beta1");
            }
            else if (!versions.Contains("v1"))
            {
                errors.Invalid($"{path}.admissionReviewVersions", hook.List("admissionReviewVersions"), "must include at least one of v1");
            }
            Choice(hook, "sideEffects", path, ["None", "NoneOnDryRun"], errors);
            Choice(hook, "failurePolicy", path, ["Fail", "Ignore"], errors);
            Choice(hook, "matchPolicy", path, ["Equivalent", "Exact"], errors);
            if (mutating)
            {
                Choice(hook, "reinvocationPolicy", path, ["IfNeeded", "Never"], errors);
            }
            if (hook.Number("timeoutSeconds") is { } timeout && timeout is < 1 or > 30)
            {
                errors.Invalid($"{path}.timeoutSeconds", timeout, timeout > 30 ? "the timeout value must be no more than 30 seconds" : "the timeout value must be at least 1 second");
            }
            SelectorValidation.Validate(hook.Child("namespaceSelector"), $"{path}.namespaceSelector", errors);
            SelectorValidation.Validate(hook.Child("objectSelector"), $"{path}.objectSelector", errors);
            if (hook.List("matchConditions") is { Count: > 0 })
            {
                errors.Forbidden($"{path}.matchConditions", "CEL expressions are not evaluated by this server");
            }
            Client(hook.Child("clientConfig"), $"{path}.clientConfig", errors);
            foreach (var (rule, at) in hook.Indexed("rules", path))
            {
                Rule(rule, at, errors);
            }
        }
    }

    private static void Choice(JsonObject hook, string field, string path, string[] choices, FieldErrors errors)
    {
        var text = hook.Text(field);
        if (text.Length == 0)
        {
            errors.Required($"{path}.{field}", "must specify one of " + string.Join(", ", choices));
        }
        else if (!choices.Contains(text))
        {
            errors.NotSupported($"{path}.{field}", text, choices);
        }
    }

    private static void Client(JsonObject? client, string path, FieldErrors errors)
    {
        if (client.Has("url") == client.Has("service"))
        {
            errors.Required(path, "exactly one of url or service is required");
            return;
        }
        if (client.Has("url"))
        {
            var url = client.Text("url");
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != "https")
            {
                errors.Invalid($"{path}.url", url, "'https' is the only allowed URL scheme; desired format: https://host[/path]");
            }
            else if (uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
            {
                errors.Invalid($"{path}.url", url, "user information, fragments and query parameters are not permitted in the URL");
            }
            return;
        }
        var service = client.Child("service");
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace"])
        {
            if (service.Text(name).Length == 0)
            {
                errors.Required($"{path}.service.{name}", $"service {name} is required");
            }
        }
        if (service.Number("port") is { } port && NameSyntax.PortProblem(port) is { } problem)
        {
            errors.Invalid($"{path}.service.port", port, $"port is not valid: {problem}");
        }
        if (service.Text("path") is { Length: > 0 } servicePath && !servicePath.StartsWith('/'))
        {
            errors.Invalid($"{path}.service.path", servicePath, "must start with a '/'");
        }
    }

    private static void Rule(JsonObject rule, string path, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["operations", "apiGroups", "apiVersions", "resources"])
        {
            var values = rule.Texts(field).ToList();
            if (values.Count == 0)
            {
                errors.Required($"{path}.{field}");
            }
            if (field != "resources" && values.Count > 1 && values.Contains("*"))
            {
                errors.Invalid($"{path}.{field}", rule.List(field), "if '*' is present, must not specify other " + field);
            }
        }
        foreach (var operation in rule.Texts("operations").Where(o => !Operations.Contains(o)))
        {
            errors.NotSupported($"{path}.operations", operation, Operations);
        }
        if (!Scopes.Contains(rule.Text("scope")))
        {
            errors.NotSupported($"{path}.scope", rule.Text("scope"), Scopes);
        }
    }
}
