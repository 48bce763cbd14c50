using System.Globalization;
using k8s.Models;
using Petrel.Controllers.Deployments;

namespace Petrel.Controllers.Tests.Deployments;

/// <summary>Deployments and their ReplicaSets, written as <see cref="DeploymentPlanTests"/> says.</summary>
internal static class DeploymentObjects
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web" };

    public static DateTimeOffset Now { get; } = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    public static V1Deployment Deployment(int size, string surge, string unavailable) =>
        new()
        {
            Metadata = new()
            {
                Name = "web",
                NamespaceProperty = "default",
                Uid = "deployment",
                Generation = 1,
            },
            Spec = new()
            {
                Replicas = size,
                Selector = new() { MatchLabels = Labels },
                Strategy = new()
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new() { MaxSurge = surge, MaxUnavailable = unavailable },
                },
                Template = Template("new"),
            },
            Status = new() { ObservedGeneration = 1 },
        };

    public static V1PodTemplateSpec Template(string image) =>
        new()
        {
            Metadata = new() { Labels = Labels },
            Spec = new() { Containers = [new() { Name = "web", Image = image }] },
        };

    public static List<V1ReplicaSet> Sets(V1Deployment deployment, string text) =>
        [.. text.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select((set, index) => Set(deployment, set.Split(' '), index))];

    private static V1ReplicaSet Set(V1Deployment deployment, string[] words, int index)
    {
        int? After(string word) =>
            Array.IndexOf(words, word) is >= 0 and var at ? int.Parse(words[at + 1], CultureInfo.InvariantCulture) : null;
        var numbers = words[1].Split('/').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        var recorded = After("for") ?? deployment.Spec.Replicas!.Value;
        var bounds = RolloutBounds.Of(deployment.Spec);
        var annotations = new Dictionary<string, string>();
        DeploymentRevisions.Update(deployment, annotations, index + 1);
        annotations[DeploymentNames.DesiredReplicas] = $"{recorded}";
        annotations[DeploymentNames.MaxReplicas] = $"{recorded + bounds.MaxSurge}";
        return new()
        {
            Metadata = new()
            {
                Name = words[0],
                NamespaceProperty = "default",
                Uid = $"set-{words[0]}",
                Generation = 1,
                CreationTimestamp = Now.UtcDateTime.AddHours(index - 10),
                Labels = Labels,
                Annotations = annotations,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1",
                        Kind = "Deployment",
                        Name = "web",
                        Uid = "deployment",
                        Controller = true,
                    },
                ],
            },
            Spec = new()
            {
                Replicas = numbers[0],
                MinReadySeconds = 0,
                Selector = new() { MatchLabels = Labels },
                Template = Template(words[0]),
            },
            Status = new()
            {
                Replicas = After("of") ?? numbers[0],
                ReadyReplicas = numbers[1],
                AvailableReplicas = numbers[1],
                ObservedGeneration = words.Contains("unseen") ? 0 : 1,
            },
        };
    }

    public static V1Pod Pod(V1ReplicaSet owner, int number) =>
        new()
        {
            Metadata = new()
            {
                Name = $"{owner.Metadata.Name}-{number}",
                NamespaceProperty = "default",
                Labels = Labels,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1",
                        Kind = "ReplicaSet",
                        Name = owner.Metadata.Name,
                        Uid = owner.Metadata.Uid,
                        Controller = true,
                    },
                ],
            },
            Status = new() { Phase = "Running" },
        };
}
