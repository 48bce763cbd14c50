using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.AdmissionRegistration;

/// <summary>admissionregistration.k8s.io/v1 MutatingWebhookConfiguration and ValidatingWebhookConfiguration.</summary>
internal static class WebhookKinds
{
    private static readonly string[] Operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] Scopes = ["*", "Cluster", "Namespaced"];

    public static KindDefinition Mutating { get; } = Row("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", mutating: true);

    public static KindDefinition Validating { get; } =
        Row("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", mutating: false);

    private static KindDefinition Row(string kind, string plural, bool mutating) =>
        KindDefinition.Create("admissionregistration.k8s.io", "v1", kind, plural, namespaced: false) with
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
            FullName(name, $"{path}.name", errors);
            foreach (var (rule, at) in hook.Indexed("rules", path))
            {
                Rule(rule, at, errors);
            }
            Choice(hook, "failurePolicy", path, ["Fail", "Ignore"], errors);
            Choice(hook, "matchPolicy", path, ["Equivalent", "Exact"], errors);
            Choice(hook, "sideEffects", path, ["None", "NoneOnDryRun"], errors);
            if (hook.Number("timeoutSeconds") is { } timeout and (< 1 or > 30))
            {
                errors.Invalid($"{path}.timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds");
            }
            SelectorValidation.Validate(hook.Child("namespaceSelector"), $"{path}.namespaceSelector", errors);
            SelectorValidation.Validate(hook.Child("objectSelector"), $"{path}.objectSelector", errors);
            if (mutating)
            {
                Choice(hook, "reinvocationPolicy", path, ["IfNeeded", "Never"], errors);
            }
            WebhookClient.Validate(hook.Child("clientConfig"), $"{path}.clientConfig", errors);
            if (hook.List("matchConditions") is { Count: > 0 })
            {
                errors.Forbidden($"{path}.matchConditions", "CEL expressions are not evaluated by this server");
            }
            Versions(hook, $"{path}.admissionReviewVersions", errors);
            if (name.Length > 0 && !names.Add(name))
            {
                errors.Duplicate($"{path}.name", name);
            }
        }
    }

    private static void FullName(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (NameSyntax.SubdomainProblem(name) is { } problem)
        {
            errors.Invalid(path, name, problem);
        }
        else if (name.Count(c => c == '.') < 2)
        {
            errors.Invalid(path, name, "should be a domain with at least three segments separated by dots");
        }
    }

    private static void Versions(JsonObject hook, string path, FieldErrors errors)
    {
        var versions = hook.Texts("admissionReviewVersions").ToList();
        if (versions.Count == 0)
        {
            errors.Required(path, "must specify one of v1, v1beta1");
            return;
        }
        for (var i = 0; i < versions.Count; i++)
        {
            if (versions.IndexOf(versions[i]) < i)
            {
                errors.Invalid($"{path}[{i}]", versions[i], "duplicate version");
            }
            else if (NameSyntax.ServiceNameProblem(versions[i]) is { } problem)
            {
                errors.Invalid($"{path}[{i}]", versions[i], problem);
            }
        }
        if (!versions.Contains("v1") && !versions.Contains("v1beta1"))
        {
            errors.Invalid(path, hook.List("admissionReviewVersions"), "must include at least one of v1, v1beta1");
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

    private static void Rule(JsonObject rule, string path, FieldErrors errors)
    {
        Wildcard(rule, "operations", "operations", path, errors);
        var operations = rule.Texts("operations").ToList();
        for (var i = 0; i < operations.Count; i++)
        {
            if (!Operations.Contains(operations[i]))
            {
                errors.NotSupported($"{path}.operations[{i}]", operations[i], Operations);
            }
        }
        Wildcard(rule, "apiGroups", "API groups", path, errors);
        Wildcard(rule, "apiVersions", "API versions", path, errors);
        NotEmpty(rule, "apiVersions", path, errors);
        Resources(rule, $"{path}.resources", errors);
        if (!Scopes.Contains(rule.Text("scope")))
        {
            errors.NotSupported($"{path}.scope", rule.Text("scope"), Scopes);
        }
    }

    private static void Wildcard(JsonObject rule, string field, string shown, string path, FieldErrors errors)
    {
        var values = rule.Texts(field).ToList();
        if (values.Count == 0)
        {
            errors.Required($"{path}.{field}");
        }
        else if (values.Count > 1 && values.Contains("*"))
        {
            errors.Invalid($"{path}.{field}", rule.List(field), $"if '*' is present, must not specify other {shown}");
        }
    }

    private static void NotEmpty(JsonObject rule, string field, string path, FieldErrors errors)
    {
        var values = rule.Texts(field).ToList();
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i].Length == 0)
            {
                errors.Required($"{path}.{field}[{i}]");
            }
        }
    }

    /// <summary>Resources, of which none may be covered by a wildcard beside it.</summary>
    private static void Resources(JsonObject rule, string path, FieldErrors errors)
    {
        var all = rule.Texts("resources").ToList();
        if (all.Count == 0)
        {
            errors.Required(path);
        }
        for (var i = 0; i < all.Count; i++)
        {
            if (all[i].Length == 0)
            {
                errors.Required($"{path}[{i}]");
                continue;
            }
            if (all[i].Split('/', 2) is not [var resource, var subresource] || all[i] == "*/*")
            {
                continue;
            }
            if (all.Take(i).Contains($"{resource}/*"))
            {
                errors.Invalid($"{path}[{i}]", all[i], $"if '{resource}/*' is present, must not specify {all[i]}");
            }
            if (all.Take(i).Contains($"*/{subresource}"))
            {
                errors.Invalid($"{path}[{i}]", all[i], $"if '*/{subresource}' is present, must not specify {all[i]}");
            }
        }
        if (all.Count > 1 && all.Contains("*/*"))
        {
            errors.Invalid(path, rule.List("resources"), "if '*/*' is present, must not specify other resources");
        }
        if (all.Contains("*") && all.Any(r => r != "*" && !r.Contains('/', StringComparison.Ordinal)))
        {
            errors.Invalid(path, rule.List("resources"), "if '*' is present, must not specify other resources without subresources");
        }
    }
}
