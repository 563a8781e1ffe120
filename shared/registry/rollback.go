package registry

import (
	"context"
	"errors"
	"slices"

	"godwit/shared/fault"
)

// maxUndo bounds how many changes of an alias a rollback looks back.
const maxUndo = 200

// RollbackAlias points an alias back under its revision, or with AnyRev under
// the one it has when the call comes, so that of two rollbacks at one moment one
// is made and the other is fault.PreconditionFailed. The history entry is marked.
//
// to names the version; 0 means the one the alias pointed at before. A rollback
// restores the state of an earlier revision, and the next one goes back from
// there, so rollbacks one after the other never go back and forth.
//
// fault.NotFound without the alias or the version named; fault.Conflict with the reason
// "no_previous_version" when the alias pointed nowhere before, "deleted" when the
// version is gone, "alias_unchanged" when the alias points there now.
func (r *Registry) RollbackAlias(ctx context.Context, t Tenant, name Name, alias AliasName, to int, ifRev int64, by string) (Alias, error) {
	var out Alias
	err := again(ctx, "the alias", func() error {
		if _, err := r.Alias(ctx, t, name, alias); err != nil {
			return err
		}
		current, err := r.aliasUnder(ctx, t, name, alias, ifRev)
		if err != nil {
			return err
		}
		ifRev = current.Rev // another round is for the same alias as it was
		change, err := r.undo(ctx, t, name, current, to)
		if err != nil {
			return err
		}
		change.By = by
		out, err = r.pointAlias(ctx, current, change, t, name)
		if e, ok := errors.AsType[*fault.Error](err); ok && e.Reason == deleted {
			return fault.Wrap(fault.Conflict, err, "version %d was deleted; name another version to go back to", change.To).WithReason(deleted)
		}
		return err
	})
	return out, err
}

// undo returns the change that points current back to a version, or with 0 to
// the one before.
func (r *Registry) undo(ctx context.Context, t Tenant, name Name, current Alias, to int) (AliasChange, error) {
	change := AliasChange{Alias: current.Name, To: to, Rollback: true}
	if to == 0 {
		var err error
		change.To, change.Restores, err = r.before(ctx, t, name, current)
		return change, err
	}
	if to == current.Version {
		return change, fault.New(fault.Conflict, "the alias %q points at version %d already", current.Name, to).WithReason("alias_unchanged")
	}
	page, err := r.AliasHistory(ctx, t, name, current.Name, PageRequest{Limit: maxPage})
	if i := slices.IndexFunc(page.Items, func(c AliasChange) bool { return c.To == to }); i >= 0 {
		change.Restores = page.Items[i].Revision
	}
	return change, err
}

// before returns the version current pointed at before the present one, and a
// revision at which it did.
func (r *Registry) before(ctx context.Context, t Tenant, name Name, current Alias) (version int, rev int64, err error) {
	rev = current.Rev
	for range maxUndo {
		c, _, err := get[AliasChange](ctx, r, historyKey(t, name, current.Name, rev), "the history of the alias %q ends at revision %d", current.Name, rev)
		switch {
		case err != nil:
			return 0, 0, err
		case c.Restores != 0:
			rev = c.Restores // what came in between was taken back
			continue
		case c.From != 0 && c.From != current.Version:
			return c.From, rev - 1, nil
		}
		if rev--; rev == 0 {
			break
		}
	}
	return 0, 0, fault.New(fault.Conflict, "the alias %q pointed at no version before version %d; say with \"to\" which version to go back to", current.Name, current.Version).WithReason("no_previous_version")
}
