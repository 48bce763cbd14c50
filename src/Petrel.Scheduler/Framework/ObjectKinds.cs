namespace Petrel.Scheduler.Framework;

/// <summary>Kinds of objects that only some pods need for scheduling. Each is watched from the first such pod on.</summary>
[Flags]
internal enum ObjectKinds
{
    None = 0,
    Claims = 1 << 0,
    Volumes = 1 << 1,
    StorageClasses = 1 << 2,
    CsiNodes = 1 << 3,
    Services = 1 << 4,
    DisruptionBudgets = 1 << 5,
    PodGroups = 1 << 6,
}
